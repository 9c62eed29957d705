# SPDX-License-Identifier: GPL-2.0-only
# Copyright (c) 2026 the vmguest authors
"""Mistakes that a driver's pure code might have. A fuzz engine that is blind to one of them is no proof."""

RING, DESC, HW = (f"drivers/vmxnet3/vmxnet3_{part}.h" for part in ("ring", "desc", "hw"))
WIRE = "drivers/ovmapi/ovmapi_wire.c"

# What the engines need of the drivers.
DRIVERS = ("drivers/ovmapi", "drivers/vmxnet3")

# The code as it is, built and run in the same way.
NONE = (RING, "return prod - cons;", "return prod - cons;")

# What it is, where, what stands there, what is put in its place.
VMXNET3 = [
    ("one slot too many is free", RING, "return mask - (prod - cons);", "return mask + 1 - (prod - cons);"),
    ("the fill level is off by one", RING, "return prod - cons;", "return prod - cons + 1;"),
    ("every lap has the same generation", RING, "return !(pos & (mask + 1));", "return pos || mask;"),
    ("the generation belongs to the slot", RING, "return !(pos & (mask + 1));", "return !(pos & mask);"),
    ("any slot number is in range", RING, "slot <= mask && ((slot - cons)", "((slot - cons)"),
    ("one slot past the range is in it", RING, "slot <= mask && (", "slot <= mask + 1 && ("),
    ("any slot is owned", RING, "((slot - cons) & mask) < prod - cons;", "prod != cons;"),
    ("one slot too many is owned", RING, "& mask) < prod - cons", "& mask) <= prod - cons"),
    ("ownership ends at the ring's end", RING, "((slot - cons) & mask) < prod - cons", "(slot - (cons & mask)) < prod - cons"),
    ("positions end at the ring's end", RING, "cons + ((slot - cons) & mask)", "cons + (slot - (cons & mask))"),
    ("any packet ends in time", RING, "num_desc && num_desc - 1 <= end - pos", "num_desc || end - pos"),
    ("a packet ends one descriptor later", RING, "num_desc - 1 <= end", "num_desc <= end"),
    ("a packet ends one descriptor earlier", RING, "num_desc - 1 <= end - pos", "num_desc - 1 <= end - pos + 1"),
    ("positions are compared, not their distance", RING, "num_desc - 1 <= end - pos", "pos + num_desc - 1 <= end"),
    ("completions start with generation 0", RING, "p->gen = VMXNET3_COMP_GEN;", "p->gen = 0;"),
    ("the generation of completions never flips", RING, "p->gen ^= VMXNET3_COMP_GEN;", ""),
    ("the completion ring is one entry longer", RING, "if (next == p->size)", "if (next == p->size + 1)"),
    ("the completion ring is one entry shorter", RING, "if (next == p->size)", "if (next + 1 == p->size)"),
    ("any completion is new", RING, "(w1 & VMXNET3_COMP_GEN) == p->gen", "w1 || p->gen"),
    ("the ring of a completion is not looked at", DESC, "if (id < 0)\n\t\treturn VMXNET3_RXC_BAD_RING;", "if (id < 0)\n\t\tid = 0;"),
    ("a foreign ring is taken for ring 1", DESC, "return rqid == r[1].rqid ? 1 : -1;", "return 1;"),
    ("the slot of a completion is not looked at", DESC, "return VMXNET3_RXC_BAD_SLOT;", "len += 0;"),
    ("a packet may start inside another", DESC, "sop == mid_packet || sop == !!id", "sop == !!id"),
    ("a packet may start in a body", DESC, "sop == mid_packet || sop == !!id", "sop == mid_packet"),
    ("the length of a completion is not looked at", DESC, "if (len > r[id].buf_len)", "if (len > 16383)"),
    ("one byte too many is accepted", DESC, "if (len > r[id].buf_len)", "if (len > r[id].buf_len + 1)"),
    ("a full buffer is refused", DESC, "if (len > r[id].buf_len)", "if (len >= r[id].buf_len)"),
    ("every length is that of a head", DESC, "if (len > r[id].buf_len)", "if (len > r[0].buf_len)"),
    ("an empty buffer may be followed by more", DESC, "if (!(w0 & VMXNET3_RXC0_EOP))\n\t\treturn VMXNET3_RXC_BAD_LEN;", ""),
    ("a skipped buffer is a packet", DESC, "return sop ? VMXNET3_RXC_SKIPPED : VMXNET3_RXC_OK;", "return VMXNET3_RXC_OK;"),
    ("an empty last body is a skipped buffer", DESC, "return sop ? VMXNET3_RXC_SKIPPED : VMXNET3_RXC_OK;", "return VMXNET3_RXC_SKIPPED;"),
    ("giving up leaves the new generation", DESC, "return vmxnet3_txd_gen(pos, mask) ^ VMXNET3_TXD_GEN;", "return vmxnet3_txd_gen(pos, mask);"),
    ("the end of a packet is not marked", DESC, "return pos == last ? word | VMXNET3_TXD_EOP | VMXNET3_TXD_CQ : word;", "return word;"),
    ("a tx descriptor has the generation of rx", DESC, "? VMXNET3_TXD_GEN : 0;", "? VMXNET3_RXD_GEN : 0;"),
    ("an rx descriptor has the generation of tx", DESC, "? VMXNET3_RXD_GEN : 0;", "? VMXNET3_TXD_GEN : 0;"),
    ("a body is posted as a head", DESC, "(len & VMXNET3_RXD_LEN) | kind |", "(len & VMXNET3_RXD_LEN) |"),
    ("a tx slot has 11 bits", HW, "VMXNET3_TXC_IDX\t\tGENMASK_ULL(11, 0)", "VMXNET3_TXC_IDX\t\tGENMASK_ULL(10, 0)"),
    ("an rx slot has 11 bits", HW, "VMXNET3_RXC0_IDX\tGENMASK_ULL(11, 0)", "VMXNET3_RXC0_IDX\tGENMASK_ULL(10, 0)"),
    ("a ring id has 9 bits", HW, "VMXNET3_RXC0_RQID\tGENMASK_ULL(25, 16)", "VMXNET3_RXC0_RQID\tGENMASK_ULL(24, 16)"),
    ("the usual packet may be longer than its buffer", DESC, "return vmxnet3_rxc_len(w1) - 1 < r->buf_len && ", "return "),
    ("the usual packet need not be posted", DESC, " && r->cons != r->prod;", ";"),
    ("the usual packet may be in any ring", DESC, "VMXNET3_RXC0_EOP | VMXNET3_RXC0_SOP |\n\t\t\t   VMXNET3_RXC0_RQID;", "VMXNET3_RXC0_EOP | VMXNET3_RXC0_SOP;"),
    ("a received length has 13 bits", HW, "VMXNET3_RXC1_LEN\tGENMASK_ULL(13, 0)", "VMXNET3_RXC1_LEN\tGENMASK_ULL(12, 0)"),
]  # fmt: skip

OVMAPI_WIRE = [
    ("letters are digits", WIRE, "if (digit > 9 || n >", "if (n >"),
    ("numbers are hexadecimal", WIRE, "n = n * 10 + digit;", "n = n * 16 + digit;"),
    ("one character too many is accepted", WIRE, "if (length > OVMAPI_VALUE_MAX - letter->value_length)", "if (length > OVMAPI_VALUE_MAX + 1 - letter->value_length)"),
    ("a value ends a character early", WIRE, "letter->value_length += length;", "letter->value_length += length - !!length;"),
    ("a missing chunk is the end of a value", WIRE, "return PTR_ERR(text) == -ENOENT ? -EBADMSG : PTR_ERR(text);", "return PTR_ERR(text) == -ENOENT ? 0 : PTR_ERR(text);"),
    ("a missing chunk is an error of the store", WIRE, "return PTR_ERR(text) == -ENOENT ? -EBADMSG : PTR_ERR(text);", "return PTR_ERR(text);"),
    ("a chunk that cannot be read is malformed", WIRE, "return PTR_ERR(text) == -ENOENT ? -EBADMSG : PTR_ERR(text);", "return -EBADMSG;"),
    ("the last chunk is the first", WIRE, "ovmapi_decimal(node, i);\n\t\ttext = s->read", "ovmapi_decimal(node, count - 1 - i);\n\t\ttext = s->read"),
    ("the last chunk is left out", WIRE, "err = ovmapi_read_chunks(s, path, count, letter);", "err = ovmapi_read_chunks(s, path, count - !!count, letter);"),
    ("a value begins where the one before ended", WIRE, "letter->value_length = 0;", ""),
    ("a name may be empty", WIRE, "if (!length || length > OVMAPI_HOST_NAME_MAX", "if (length > OVMAPI_HOST_NAME_MAX"),
    ("a name may be too long", WIRE, "length > OVMAPI_HOST_NAME_MAX", "length > OVMAPI_NAME_MAX"),
    ("what is malformed is tried for ever", WIRE, "if (ovmapi_may_pass(err))\n\t\treturn err;\n\tin->read++;", "if (err)\n\t\treturn err;\n\tin->read++;"),
    ("what cannot be read is passed", WIRE, "if (ovmapi_may_pass(err))\n\t\treturn err;\n\tin->read++;", "in->read++;\n\tif (ovmapi_may_pass(err))\n\t\treturn err;"),
    ("what was delivered stays", WIRE, "err = s->remove(s, OVMAPI_TO_GUEST, node);\n\tif", "err = 0;\n\tif"),
    ("what cannot be removed at first stays", WIRE, "if (ovmapi_may_pass(err))\n\t\terr = s->remove", "if (0)\n\t\terr = s->remove"),
    ("gaps are searched from the beginning", WIRE, "ovmapi_before_next(names, count, in->read, last);", "ovmapi_before_next(names, count, 0, last);"),
    ("a new beginning is not seen", WIRE, "if (last < in->read)", "if (0)"),
    ("every round is a new beginning", WIRE, "if (last < in->read)", "if (last)"),
    ("the last message waits for the next", WIRE, "while (in->read < last && budget--)", "while (in->read + 1 < last && budget--)"),
    ("one call does everything", WIRE, "while (in->read < last && budget--)", "while (in->read < last)"),
]  # fmt: skip

ENGINES = {"ovmapi_wire": OVMAPI_WIRE, "vmxnet3": VMXNET3}
