/* SPDX-License-Identifier: MIT */
/* The wire format of Protocol Buffers: see protobuf.h. */
#include "profile/protobuf.h"

#include <string.h>

#define VARINT_BYTES_MAX 10
#define VARINT_MORE      0x80u /* another byte follows */
#define VARINT_BITS      7

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2 };

static void put_varint(struct text *message, uint64_t value)
{
	unsigned char bytes[VARINT_BYTES_MAX];
	size_t count = 0;

	while (value >= VARINT_MORE) {
		bytes[count++] = (unsigned char)(value | VARINT_MORE);
		value >>= VARINT_BITS;
	}
	bytes[count++] = (unsigned char)value;
	text_append(message, (const char *)bytes, count);
}

static void put_tag(struct text *message, uint32_t field, enum wire_type type)
{
	put_varint(message, (uint64_t)field << 3 | type);
}

void protobuf_put_uint(struct text *message, uint32_t field, uint64_t value)
{
	put_tag(message, field, WIRE_VARINT);
	put_varint(message, value);
}

void protobuf_put_double(struct text *message, uint32_t field, double value)
{
	unsigned char bytes[sizeof(value)];
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(bits >> 8 * i);
	put_tag(message, field, WIRE_FIXED64);
	text_append(message, (const char *)bytes, sizeof(bytes));
}

void protobuf_put_string(struct text *message, uint32_t field, const char *value)
{
	size_t length = strlen(value);

	put_tag(message, field, WIRE_LENGTH);
	put_varint(message, length);
	text_append(message, value, length);
}

void protobuf_put_message(struct text *message, uint32_t field, struct text *inner)
{
	put_tag(message, field, WIRE_LENGTH);
	put_varint(message, inner->length);
	text_append(message, inner->chars ? inner->chars : "", inner->length);
	message->failed |= inner->failed;
	inner->length = 0;
}
