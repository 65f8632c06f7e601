// SPDX-License-Identifier: MIT
// C++: regions that are left by exceptions, with scopes and with the original markers.
#include "perfpoint.h"

#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

static __attribute__((noinline)) void throws_from_scope(int depth)
{
	PERFPOINT_SCOPE("scope");
	if (depth == 0)
		throw std::runtime_error("thrown");
	throws_from_scope(depth - 1);
}

static __attribute__((noinline)) void throws_from_start(int depth)
{
	perfpoint_START(2);
	if (depth == 0)
		throw std::runtime_error("thrown");
	throws_from_start(depth - 1);
	perfpoint_END();
}

static void scopes()
{
	for (int i = 0; i < 1000; i++) {
		PERFPOINT_SCOPE("outer");
		try {
			throws_from_scope(3);
		} catch (const std::exception &) {
		}
	}
}

static void starts()
{
	for (int i = 0; i < 1000; i++) {
		perfpoint_START(1);
		try {
			throws_from_start(3);
		} catch (const std::exception &) {
		}
		perfpoint_END();
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !std::strcmp(argv[1], "starts")) {
		starts();
		return 0;
	}
	std::vector<std::thread> threads;
	for (int i = 0; i < 4; i++)
		threads.emplace_back(scopes);
	for (auto &thread : threads)
		thread.join();
	return 0;
}
