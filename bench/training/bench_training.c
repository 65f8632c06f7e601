/* SPDX-License-Identifier: MIT */
/*
 * How fast a network is trained, against PyTorch in the same run: the same data (rank 4 plus
 * noise, squashed into 0..1), the same 33-16-8-4-8-16-33 autoencoder with tanh, the same batches,
 * epochs, learning rate and noise, one thread each. Prints both losses, for a ratio between
 * unequal results would mean nothing, then the rate of scoring and the peak memory of both.
 *
 * Usage: bench_training [--linear] [PYTHON SCRIPT]; without them only our half runs. Exits 1
 * when a promise is broken: 20 times PyTorch's speed at its loss, 2 million samples a second,
 * 64 MiB beyond the data.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "base/text.h"
#include "model/train.h"

#define ROWS     100000
#define FEATURES 33
#define RANK     4
#define EPOCHS   12
#define BATCH    64
#define RATE     0.001
#define NOISE    0.1

#define SPEED_UP_MIN   20.0
#define SCORED_MIN     2e6  /* samples a second */
#define LOSS_SLACK     1.03 /* our loss may be at most this times the peer's */
#define MEMORY_MIB_MAX 64.0 /* beyond the data */

extern char **environ;

struct figures {
	double train_s;
	double noisy_loss; /* of the last epoch, with noise on the input */
	double clean_loss; /* of all rows, without */
	double score_s;
	double peak_kib;
};

/* Time on a CPU: both sides use one thread, and other load on the machine must not count. */
static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static float *make_data(void)
{
	float *data = malloc(sizeof(*data) * ROWS * FEATURES);
	double mixing[RANK][FEATURES];
	struct random random;

	if (!data)
		return NULL;
	random_seed(&random, 1, 0);
	for (size_t k = 0; k < RANK; k++)
		for (size_t f = 0; f < FEATURES; f++)
			mixing[k][f] = random_normal(&random);
	for (size_t row = 0; row < ROWS; row++) {
		double hidden[RANK];

		for (size_t k = 0; k < RANK; k++)
			hidden[k] = random_normal(&random);
		for (size_t f = 0; f < FEATURES; f++) {
			double sum = 0;

			for (size_t k = 0; k < RANK; k++)
				sum += hidden[k] * mixing[k][f];
			data[row * FEATURES + f] =
				(float)(1 / (1 + exp(-sum)) +
					0.02 * random_normal(&random));
		}
	}
	return data;
}

/* Mean squared error of each row, as scoring makes it, without noise. */
static int score(const struct network *network, const struct kernels *kernels,
		 const struct train_rows *rows, float *scores)
{
	struct network_workspace workspace;
	float *block = kernel_alloc(FEATURES * KERNEL_BLOCK);
	int status = network_workspace_create(&workspace, network);

	for (size_t first = 0; !status && block && first < rows->count;
	     first += KERNEL_BLOCK) {
		size_t used =
			train_gather(rows, NULL, first, rows->count - first, block);
		const float *out = network_forward(network, kernels, block, &workspace);
		float sums[KERNEL_BLOCK] = {0};

		for (size_t f = 0; f < FEATURES; f++)
			for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
				float d = out[f * KERNEL_BLOCK + lane] -
					  block[f * KERNEL_BLOCK + lane];

				sums[lane] += d * d;
			}
		for (size_t lane = 0; lane < used; lane++)
			scores[first + lane] = sums[lane] / FEATURES;
	}
	network_workspace_free(&workspace);
	free(block);
	return status;
}

static int run_ours(const float *data, bool sigmoid, struct figures *figures)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	struct train_rows rows = {.values = data, .features = FEATURES, .count = ROWS};
	struct train_options options = {
		.steps = (size_t)EPOCHS * ((ROWS + BATCH - 1) / BATCH),
		.batch = BATCH,
		.noise = NOISE,
		.rate = RATE,
		.rate_end = RATE,
		.checks = EPOCHS,
		.seed = 1,
	};
	float *scores = malloc(sizeof(*scores) * ROWS);
	struct network *network = NULL;
	struct train_result result = {0};
	struct topology topology;
	struct error error;
	double start, sum = 0;
	struct rusage usage;
	int status;

	status = topology_parse(sigmoid ? "33-16-8-4-8-16-33:sigmoid"
					: "33-16-8-4-8-16-33",
				FEATURES, &topology, &error);
	if (!status)
		status = network_create(&network, &topology);
	if (status || !scores)
		goto out;
	printf("kernels                  %s\n", kernels->name);
	start = now_s();
	status = train_network(network, kernels, &rows, NULL, &options, &result);
	figures->train_s = now_s() - start;
	if (status)
		goto out;
	figures->noisy_loss = result.checks[result.best].training_error;
	start = now_s();
	status = score(network, kernels, &rows, scores);
	figures->score_s = now_s() - start;
	for (size_t row = 0; row < ROWS; row++)
		sum += (double)scores[row];
	figures->clean_loss = sum / ROWS;
	getrusage(RUSAGE_SELF, &usage);
	figures->peak_kib = (double)usage.ru_maxrss;
out:
	train_result_free(&result);
	network_free(network);
	free(scores);
	return scores ? status : -ENOMEM;
}

/* Runs the peer and reads its key=value lines. */
static int run_peer(const char *python, const char *script, const char *data_path,
		    bool sigmoid, struct figures *figures)
{
	char numbers[6][32];
	const char *argv[] = {python,     script,
			      data_path,  numbers[0],
			      numbers[1], numbers[2],
			      numbers[3], numbers[4],
			      numbers[5], sigmoid ? "sigmoid" : "linear",
			      NULL};
	struct {
		const char *key;
		double *value;
	} keys[] = {{"train_s", &figures->train_s},
		    {"noisy_loss", &figures->noisy_loss},
		    {"clean_loss", &figures->clean_loss},
		    {"score_s", &figures->score_s},
		    {"peak_kib", &figures->peak_kib}};
	posix_spawn_file_actions_t actions;
	char line[256];
	int pipe_fds[2], status, found = 0;
	FILE *lines;
	pid_t pid;

	snprintf(numbers[0], sizeof(numbers[0]), "%d", ROWS);
	snprintf(numbers[1], sizeof(numbers[1]), "%d", FEATURES);
	snprintf(numbers[2], sizeof(numbers[2]), "%d", EPOCHS);
	snprintf(numbers[3], sizeof(numbers[3]), "%d", BATCH);
	snprintf(numbers[4], sizeof(numbers[4]), "%g", RATE);
	snprintf(numbers[5], sizeof(numbers[5]), "%g", NOISE);
	if (pipe2(pipe_fds, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	status = posix_spawnp(&pid, python, &actions, NULL, (char *const *)argv,
			      environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	lines = fdopen(pipe_fds[0], "r");
	if (status || !lines)
		return -EIO;
	while (fgets(line, sizeof(line), lines)) {
		char *equals = strchr(line, '=');

		if (!equals)
			continue;
		*equals = '\0';
		equals[1 + strcspn(equals + 1, "\n")] = '\0';
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (!strcmp(line, keys[i].key))
				found += !text_to_double(equals + 1, keys[i].value);
	}
	fclose(lines);
	if (waitpid(pid, &status, 0) != pid || status ||
	    found != (int)(sizeof(keys) / sizeof(*keys)))
		return -EIO;
	return 0;
}

static bool promise(const char *what, bool kept)
{
	printf("%-48s %s\n", what, kept ? "kept" : "BROKEN");
	return kept;
}

static int print_figures(const struct figures *ours, const struct figures *peer)
{
	double data_mib = sizeof(float) * ROWS * FEATURES / 1048576.0;
	bool kept = true;

	printf("%-24s %14s %14s %10s\n", "", "autoperf", "PyTorch", "ratio");
	printf("%-24s %14.3f %14.3f %9.1fx\n", "training (CPU s)", ours->train_s,
	       peer->train_s, peer->train_s / ours->train_s);
	printf("%-24s %14.5f %14.5f\n", "loss, noisy", ours->noisy_loss,
	       peer->noisy_loss);
	printf("%-24s %14.5f %14.5f\n", "loss, clean", ours->clean_loss,
	       peer->clean_loss);
	printf("%-24s %14.2f %14.2f %9.1fx\n", "scoring (M samples/s)",
	       ROWS / ours->score_s / 1e6, ROWS / peer->score_s / 1e6,
	       peer->score_s / ours->score_s);
	printf("%-24s %14.1f %14.1f   data alone %.1f\n", "peak memory (MiB)",
	       ours->peak_kib / 1024, peer->peak_kib / 1024, data_mib);
	if (!isnan(peer->train_s)) {
		kept &= promise("training at least 20 times faster",
				peer->train_s >= SPEED_UP_MIN * ours->train_s);
		kept &= promise("at the same loss (3 %)",
				ours->noisy_loss <= LOSS_SLACK * peer->noisy_loss);
	}
	kept &= promise("scoring at least 2 million samples a second",
			ROWS / ours->score_s >= SCORED_MIN);
	kept &= promise("peak memory at most data + 64 MiB",
			ours->peak_kib / 1024 <= data_mib + MEMORY_MIB_MAX);
	return kept ? 0 : 1;
}

int main(int argc, char **argv)
{
	bool sigmoid = !(argc > 1 && !strcmp(argv[1], "--linear"));
	char **rest = argv + (sigmoid ? 1 : 2);
	char path[] = "/tmp/autoperf-bench-XXXXXX";
	struct figures ours = {0};
	struct figures peer = {NAN, NAN, NAN, NAN, NAN};
	float *data = make_data();
	int fd, status = 1;

	if (!data || run_ours(data, sigmoid, &ours)) {
		fprintf(stderr, "bench_training: out of memory\n");
		goto out;
	}
	if (argv + argc - rest == 2) {
		ssize_t bytes = (ssize_t)sizeof(*data) * ROWS * FEATURES;

		fd = mkstemp(path);
		if (fd < 0 || write(fd, data, (size_t)bytes) != bytes || close(fd) ||
		    run_peer(rest[0], rest[1], path, sigmoid, &peer)) {
			fprintf(stderr,
				"bench_training: %s %s did not run: is PyTorch "
				"installed (python3-torch)?\n",
				rest[0], rest[1]);
			unlink(path);
			goto out;
		}
		unlink(path);
	}
	status = print_figures(&ours, &peer);
out:
	free(data);
	return status;
}
