/* SPDX-License-Identifier: MIT */
/*
 * As waiting.c, by the means of the C++ standard library: the main thread works, the others wait for
 * it.
 *
 *	waiting-standard MODE WAITERS ROUNDS
 */
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <future>
#include <latch>
#include <map>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace
{
constexpr int work = 20000; /* turns of a loop */

/* A round's means to wait; none is used twice. */
struct alignas(64) round {
	std::mutex mutex;
	std::timed_mutex timed;
	std::recursive_mutex recursive;
	std::shared_mutex shared;
	std::condition_variable condition;
	std::promise<int> promise;
	std::shared_future<int> future{promise.get_future()};
	std::latch latch{1};
	std::counting_semaphore<64> semaphore{0};
	alignas(64) std::atomic<int> word{0};
	alignas(64) std::atomic_flag flag;
	bool done = false;
	std::once_flag once;
	std::thread thread;
};

struct mode {
	std::function<void(round &)> prepare, wait, release;
};

int waiters;

void nothing(round &)
{
}

const std::map<std::string, mode> modes = {
	{"mutex",
	 {[](round &r) { r.mutex.lock(); },
	  [](round &r) { std::lock_guard lock(r.mutex); },
	  [](round &r) { r.mutex.unlock(); }}},
	{"timed-mutex",
	 {[](round &r) { r.timed.lock(); },
	  [](round &r) {
		  if (!r.timed.try_lock_for(std::chrono::hours(1)))
			  std::abort();
		  r.timed.unlock();
	  },
	  [](round &r) { r.timed.unlock(); }}},
	{"recursive-mutex",
	 {[](round &r) { r.recursive.lock(); },
	  [](round &r) { std::scoped_lock one(r.recursive); },
	  [](round &r) { r.recursive.unlock(); }}},
	{"shared-mutex",
	 {[](round &r) { r.shared.lock(); },
	  [](round &r) { std::shared_lock lock(r.shared); },
	  [](round &r) { r.shared.unlock(); }}},
	{"condition",
	 {nothing,
	  [](round &r) {
		  std::unique_lock lock(r.mutex);
		  r.condition.wait(lock, [&] { return r.done; });
	  },
	  [](round &r) {
		  {
			  std::lock_guard lock(r.mutex);
			  r.done = true;
		  }
		  r.condition.notify_all();
	  }}},
	{"condition-for",
	 {nothing,
	  [](round &r) {
		  std::unique_lock lock(r.mutex);
		  r.condition.wait_for(lock, std::chrono::hours(1),
				       [&] { return r.done; });
	  },
	  [](round &r) {
		  std::lock_guard lock(r.mutex);
		  r.done = true;
		  r.condition.notify_all();
	  }}},
	{"future",
	 {nothing, [](round &r) { r.future.get(); },
	  [](round &r) { r.promise.set_value(1); }}},
	{"latch",
	 {nothing, [](round &r) { r.latch.wait(); },
	  [](round &r) { r.latch.count_down(); }}},
	{"semaphore",
	 {nothing, [](round &r) { r.semaphore.acquire(); },
	  [](round &r) { r.semaphore.release(waiters); }}},
	{"atomic-wait",
	 {nothing, [](round &r) { r.word.wait(0); },
	  [](round &r) {
		  r.word = 1;
		  r.word.notify_all();
	  }}},
	{"atomic-flag",
	 {nothing,
	  [](round &r) {
		  while (!r.flag.test(std::memory_order_acquire))
			  std::this_thread::yield();
	  },
	  [](round &r) { r.flag.test_and_set(); }}},
	{"join",
	 {[](round &r) { r.thread = std::thread([&r] { r.word.wait(0); }); },
	  [](round &r) { r.thread.join(); },
	  [](round &r) {
		  r.word = 1;
		  r.word.notify_all();
	  }}},
};

std::vector<round> *rounds;
std::atomic<int> early;
const mode *chosen;
} // namespace

extern "C" {
__attribute__((noinline)) void working(round *r, volatile char *done);
__attribute__((noinline)) void waiting(round *r);
}

void working(round *r, volatile char *done)
{
	for (int i = 0; i < work; i++)
		__asm__ volatile("" : "+m"(i));
	*done = 1;
	chosen->release(*r);
}

void waiting(round *r)
{
	chosen->wait(*r);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	if (argc != 4 || !modes.count(argv[1]))
		return 2;
	chosen = &modes.at(argv[1]);
	waiters = std::atoi(argv[2]);
	rounds = new std::vector<round>(static_cast<size_t>(std::atoi(argv[3])));
	std::vector<char> done(rounds->size() * 64);
	std::barrier start(waiters + 1);
	std::vector<std::thread> threads;

	for (round &r : *rounds)
		chosen->prepare(r);
	for (int i = 0; i < waiters; i++)
		threads.emplace_back([&] {
			start.arrive_and_wait();
			for (size_t j = 0; j < rounds->size(); j++) {
				waiting(&(*rounds)[j]);
				early += !static_cast<volatile char &>(done[64 * j]);
			}
		});
	start.arrive_and_wait();
	for (size_t j = 0; j < rounds->size(); j++) {
		working(&(*rounds)[j], &done[64 * j]);
	}
	for (std::thread &thread : threads)
		thread.join();
	delete rounds;
	return early != 0;
}
