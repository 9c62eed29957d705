/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copyright (c) 2026 the vmguest authors
 *
 * The corpus: inputs for the engine in ovmapi_wire.h, in hexadecimal.  Those with
 * the name of a mistake give it away (mutants.py).  kunit/fuzz/run reads this
 * table too.
 */
#ifndef KUNIT_FUZZ_OVMAPI_WIRE_CORPUS_H
#define KUNIT_FUZZ_OVMAPI_WIRE_CORPUS_H

static const struct {
	const char *name;
	const char *hex;
} ovmapi_wire_seeds[] = {
	{ "a gap up to the longest number", "0080" },
	{ "a number with a leading zero", "040100080009" },
	{ "letters are digits", "00f8" },
	{ "numbers are hexadecimal", "0c0c" },
	{ "one character too many is accepted", "36ff0eff00ffffff3101fdffb2" },
	{ "a value ends a character early", "afafaf00ffffff10e5" },
	{ "a missing chunk is the end of a value", "3cff7f147f141414" },
	{ "a missing chunk is an error of the store", "3cff7f147f141414" },
	{ "a chunk that cannot be read is malformed", "e43d3d2906f22960112906f2" },
	{ "the last chunk is the first", "30fe2121c07f21212121fd217f" },
	{ "the last chunk is left out", "3cff7f147f141414" },
	{ "a value begins where the one before ended", "3cff7f7f7f7f141414140014" },
	{ "a name may be empty", "fce7f7f7" },
	{ "a name may be too long", "7eff7fffff" },
	{ "what is malformed is tried for ever", "fce7f7f7" },
	{ "what cannot be read is passed", "0101d8d8d82382" },
	{ "what cannot be removed at first stays", "36f23d3df22906f2" },
	{ "gaps are searched from the beginning", "7effff7e" },
	{ "a new beginning is not seen", "e4fb05c61100" },
	{ "every round is a new beginning", "fce7f7f7" },
	{ "the last message waits for the next", "0001" },
	{ "one call does everything", "3cff7f6c8585117f" },
};

#endif /* KUNIT_FUZZ_OVMAPI_WIRE_CORPUS_H */
