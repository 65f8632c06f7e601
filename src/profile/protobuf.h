/* SPDX-License-Identifier: MIT */
/*
 * Messages of Protocol Buffers, written by hand: the wire format has four kinds of fields that
 * matter here (https://protobuf.dev/programming-guides/encoding/). A message is a text; one
 * inside another is finished first and then put into it, so nothing has to be patched.
 */
#ifndef AUTOPERF_PROFILE_PROTOBUF_H
#define AUTOPERF_PROFILE_PROTOBUF_H

#include <stdint.h>

#include "base/text.h"

/* uint32, uint64, int64 that is not negative, enum, bool. */
void protobuf_put_uint(struct text *message, uint32_t field, uint64_t value);
void protobuf_put_double(struct text *message, uint32_t field, double value);
/* string: `value` should be UTF-8. */
void protobuf_put_string(struct text *message, uint32_t field, const char *value);
/* A message as a field of another; it is left empty, for the next of its kind. */
void protobuf_put_message(struct text *message, uint32_t field, struct text *inner);

#endif
