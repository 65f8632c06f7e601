/* SPDX-License-Identifier: MIT */
/* UTF-8: see utf8.h. The ranges are of Unicode 15, coarse on purpose: whole blocks. */
#include "report/utf8.h"

struct range {
	uint32_t first;
	uint32_t last;
};

/* Ascending. What would move the cursor, reorder the line, vanish or attach itself. */
static const struct range unprintable[] = {
	{0x0000, 0x001f},   /* C0 controls */
	{0x007f, 0x009f},   /* delete, C1 controls */
	{0x00ad, 0x00ad},   /* soft hyphen */
	{0x0300, 0x036f},   /* combining marks */
	{0x0483, 0x0489},   /* combining Cyrillic */
	{0x0590, 0x08ff},   /* Hebrew, Arabic, Syriac, Thaana, N'Ko: right to left */
	{0x115f, 0x1160},   /* Hangul fillers */
	{0x180b, 0x180f},   /* Mongolian selectors */
	{0x1ab0, 0x1aff},   /* combining marks, extended */
	{0x1dc0, 0x1dff},   /* combining marks, supplement */
	{0x200b, 0x200f},   /* zero width, direction marks */
	{0x2028, 0x202e},   /* separators, direction overrides */
	{0x2060, 0x206f},   /* invisible operators, direction isolates */
	{0x20d0, 0x20ff},   /* combining marks for symbols */
	{0x3164, 0x3164},   /* Hangul filler */
	{0xd800, 0xf8ff},   /* surrogates, private use */
	{0xfb1d, 0xfdff},   /* Hebrew and Arabic presentation forms */
	{0xfe00, 0xfe0f},   /* variation selectors */
	{0xfe20, 0xfe2f},   /* combining half marks */
	{0xfe70, 0xfeff},   /* Arabic presentation forms, byte order mark */
	{0xffa0, 0xffa0},   /* Hangul filler */
	{0xfff0, 0xfffb},   /* specials */
	{0xfffe, 0xffff},   /* noncharacters */
	{0x10800, 0x10fff}, /* right-to-left scripts */
	{0x1e800, 0x1efff}, /* right-to-left scripts */
	{0x1f3fb, 0x1f3ff}, /* skin tones: combine */
	{0xe0000, 0x10ffff} /* tags, selectors, private use */
};

/* Ascending. East Asian wide and full-width (Unicode Standard Annex 11), pictographs. */
static const struct range wide[] = {
	{0x1100, 0x115e},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97c},
	{0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},
	{0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
	{0x20000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t character)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (character > ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && character >= ranges[low].first;
}

size_t utf8_decode(const char *bytes, size_t length, uint32_t *character)
{
	/* Smallest character that needs that many bytes. */
	static const uint32_t smallest[UTF8_BYTES_MAX + 1] = {0, 0, 0x80, 0x800,
							      0x10000};
	const unsigned char *byte = (const unsigned char *)bytes;
	uint32_t value;
	size_t need;

	if (byte[0] < 0x80) {
		*character = byte[0];
		return 1;
	}
	if ((byte[0] & 0xe0) == 0xc0)
		need = 2;
	else if ((byte[0] & 0xf0) == 0xe0)
		need = 3;
	else if ((byte[0] & 0xf8) == 0xf0)
		need = 4;
	else
		return 0;
	if (length < need)
		return 0;
	value = byte[0] & (0x7fu >> need);
	for (size_t i = 1; i < need; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte[i] & 0x3f);
	}
	if (value < smallest[need] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return need;
}

int utf8_columns(uint32_t character)
{
	if (is_in(unprintable, sizeof(unprintable) / sizeof(*unprintable), character))
		return 0;
	return is_in(wide, sizeof(wide) / sizeof(*wide), character) ? 2 : 1;
}
