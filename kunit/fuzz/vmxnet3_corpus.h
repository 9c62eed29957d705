/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The corpus: inputs for the engines in vmxnet3.h, in hexadecimal.  Those with
 * the name of a mistake are the shortest that gives it away (mutants.py); the
 * long runs reach most of the engines.  kunit/fuzz/run reads this table too.
 */
#ifndef KUNIT_FUZZ_VMXNET3_CORPUS_H
#define KUNIT_FUZZ_VMXNET3_CORPUS_H

static const struct fuzz_seed {
	const char *name;
	const char *hex;
} vmxnet3_seeds[] = {
	{ "one slot too many is free", "077ebf" },
	{ "the fill level is off by one", "f9f59c" },
	{ "every lap has the same generation", "f6f6" },
	{ "the generation belongs to the slot", "" },
	{ "any slot number is in range", "1c8affff0a25fffd" },
	{ "one slot past the range is in it", "ff07070440404040b9ffffb9b904b9ffff7fa304b9b904" },
	{ "any slot is owned", "0707072a2c" },
	{ "one slot too many is owned", "26ac27243b2b" },
	{ "ownership ends at the ring's end", "7efb99f4fb99" },
	{ "positions end at the ring's end", "0007a5a521a5" },
	{ "any packet ends in time", "4d20ff3e64" },
	{ "a packet ends one descriptor later", "fb04ff030204" },
	{ "a packet ends one descriptor earlier", "252aef304c" },
	{ "positions are compared, not their distance",
	  "35e32f2f2f2f2f6e6e6e6e6efb04ff2ffb6e6e04" },
	{ "completions start with generation 0", "ffff24" },
	{ "the generation of completions never flips", "9cf106f52725" },
	{ "the completion ring is one entry longer", "7ab52db52d7d" },
	{ "the completion ring is one entry shorter", "3ed903fdffc5" },
	{ "any completion is new", "ffff04" },
	{ "the ring of a completion is not looked at", "0e0052ff560a2424" },
	{ "a foreign ring is taken for ring 1", "0c7e5d5df50c7e5d0c5d2d" },
	{ "the slot of a completion is not looked at", "320f060df786" },
	{ "a packet may start inside another", "00320df70d000515" },
	{ "a packet may start in a body", "3e0606060606f0fd" },
	{ "the length of a completion is not looked at", "26477f9fa30df704" },
	{ "one byte too many is accepted", "fa06d59f2347f55d" },
	{ "a full buffer is refused", "3010103b022d" },
	{ "every length is that of a head", "520029526064" },
	{ "an empty buffer may be followed by more", "0a2c06adad01" },
	{ "a skipped buffer is a packet", "2443dbe44343" },
	{ "an empty last body is a skipped buffer", "2afc7a85037a85d503" },
	{ "giving up leaves the new generation", "f9f5bf9c" },
	{ "a tx descriptor has the generation of rx", "bf9cbf" },
	{ "a tx slot has 11 bits", "ff3e31b304" },
	{ "an rx slot has 11 bits", "000f5c060ab7145c" },
	{ "a ring id has 9 bits", "0080043e52d28004" },
	{ "a received length has 13 bits", "06cf2edbdb04" },
	{ "long run 1", "000bfbf60d7e5dbf9cbf005d3df576767676767676765d5d3df5760d7e5d5b5d" },
	{ "long run 2", "a0133f7d7d7d836955072e002c" },
	{ "long run 3", "32f786555555555555555555552a0114c12a69550000" },
	{ "long run 4", "1c2645e57a2d8503d57a61038503d5e57d7a61d5075b2b2d2f" },
	{ "long run 5", "1c8af10c0d2d0d0d0d0d0d0dff0100b9ff0a0afd25efff25fffffd" },
	{ "long run 6", "7a032dd52d363d8503d57a61d503363d8503d57a61d5d5d57a61d5037c2d8503d5d507" },
	{ "long run 7", "32f51f1f1d1f1f1f1f1f1f1fd5e585d507000173881f1f1f1f1f01731f5d96" },
	{ "long run 8", "1c8aff25269136001000919191243b243aff" },
	{ "long run 9", "fbffff2bff7e8a7e9a9a9a9a9a9a9a9aff01ff44fcc5" },
	{ "long run 10", "ff3ff10e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0ef5ffff9c062725" },
	{ "long run 11", "ffffffffff3e32b30cf1262552ff3e33b30cf12625527e5d5a010006f5042a694b" },
	{ "long run 12", "09090909090909fbf6ffff090909f9ffff3fff3fff44fc04f5fb44fc04f5" },
	{ "long run 13", "67000b0bf6ff44fcfdfb5ce5f60139fe442e0029" },
	{ "long run 14", "07c8c8c8c8c831c8c8c8c8c8c8c8c8c81800000017052c" },
};

#endif /* KUNIT_FUZZ_VMXNET3_CORPUS_H */
