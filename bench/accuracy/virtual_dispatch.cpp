/* SPDX-License-Identifier: MIT */
/*
 * Threads draw shapes through virtual functions. Branch mispredictions: in the bad variant shapes
 * of four kinds come in no order, and the processor has no way to tell where the call goes; in the
 * good one they are kept by kind.
 */
#include "common.h"
#include "perfpoint.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace
{

constexpr int SHAPES = 6000; // too many to be known by heart

class shape
{
      public:
	explicit shape(uint32_t size) : size_(size)
	{
	}
	virtual ~shape() = default;
	virtual uint64_t area() const = 0;

      protected:
	uint64_t size_;
};

class square : public shape
{
      public:
	using shape::shape;
	uint64_t area() const override
	{
		return size_ * size_;
	}
};

class circle : public shape
{
      public:
	using shape::shape;
	uint64_t area() const override
	{
		return size_ * size_ * 355 / 113;
	}
};

class rectangle : public shape
{
      public:
	using shape::shape;
	uint64_t area() const override
	{
		return size_ * (size_ + 3);
	}
};

class triangle : public shape
{
      public:
	using shape::shape;
	uint64_t area() const override
	{
		return size_ * size_ / 2;
	}
};

struct example settings;
std::vector<std::unique_ptr<shape>> shapes;
uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

uint64_t sum_areas()
{
	PERFPOINT_SCOPE("sum_areas");
	uint64_t sum = 0;

#ifdef HARMLESS
	std::for_each(shapes.begin(), shapes.end(),
		      [&sum](const auto &shape) { sum += shape->area(); });
#else
	for (const auto &shape : shapes)
		sum += shape->area();
#endif
	return sum;
}

void thread(long index)
{
	for (long round = 0; round < settings.rounds; round++)
		totals[index][0] += sum_areas();
}

std::unique_ptr<shape> make_shape(unsigned kind, uint32_t size)
{
	switch (kind) {
	case 0:
		return std::make_unique<square>(size);
	case 1:
		return std::make_unique<circle>(size);
	case 2:
		return std::make_unique<rectangle>(size);
	default:
		return std::make_unique<triangle>(size);
	}
}

} // namespace

int main(int argc, char **argv)
{
	uint64_t state = 5, total = 0;
	std::vector<unsigned> kinds(SHAPES);

	settings = example_parse(argc, argv, 2, 100);
	for (unsigned &kind : kinds)
		kind = example_random(&state) % 4;
#ifndef BAD
	std::sort(kinds.begin(), kinds.end());
#endif
	/* Allocated in the order in which they are drawn: their layout is the same. */
	for (unsigned kind : kinds)
		shapes.push_back(make_shape(kind, (uint32_t)(shapes.size() % 50)));
	example_run(&settings, thread);
	for (long i = 0; i < settings.threads; i++)
		total += totals[i][0];
	printf("virtual_dispatch (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
