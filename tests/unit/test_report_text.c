/* SPDX-License-Identifier: MIT */
/* report/text.c and its parts: what a person finds, in which order, on which terminal. */
#include "report/report.h"

#include <ctype.h>
#include <stdio.h>

#include "base/text.h"
#include "example_findings.h"
#include "report/utf8.h"

static char *render(const struct findings *findings, struct report_style style)
{
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);

	assert_non_null(out);
	assert_int_equal(report_text(findings, &style, out, NULL), 0);
	assert_int_equal(fclose(out), 0);
	return bytes;
}

/* Like strstr(), but a blank in `words` stands for any white space: lines are wrapped. */
static const char *find(const char *report, const char *words)
{
	for (; *report; report++) {
		const char *r = report, *w = words;

		while (*w && *r) {
			if (*w == ' ' && isspace((unsigned char)*r)) {
				w++;
				while (isspace((unsigned char)*r))
					r++;
			} else if (*w++ != *r++) {
				w = "mismatch";
				break;
			}
		}
		if (!*w)
			return report;
	}
	return NULL;
}

static void assert_says(const char *report, const char *words)
{
	if (!find(report, words))
		fail_msg("the report does not say \"%s\":\n%s", words, report);
}

static void assert_not_said(const char *report, const char *words)
{
	if (find(report, words))
		fail_msg("the report says \"%s\":\n%s", words, report);
}

/* No line is wider, no line has trailing blanks, nothing but printable characters. */
static void assert_tidy(const char *report, size_t width)
{
	size_t column = 0, length = strlen(report);
	uint32_t character = 0, last = 0;

	while (length) {
		size_t used = utf8_decode(report, length, &character);

		assert_int_not_equal(used, 0);
		if (character == '\n') {
			assert_int_not_equal(last, ' ');
			column = 0;
		} else {
			assert_int_not_equal(utf8_columns(character), 0);
			column += (size_t)utf8_columns(character);
			assert_true(column <= width);
		}
		last = character;
		report += used;
		length -= used;
	}
	assert_int_equal(last, '\n');
}

static void contended_lines_name_variable_place_and_remedy(void **state)
{
	struct findings *findings = example_findings();
	char *report;

	(void)state;
	example_line(&findings->regions[0]);
	report = render(findings, (struct report_style){0});
	assert_tidy(report, 80);
	assert_says(report,
		    "line false sharing of sums+32, 4.00x as much: 92 % of its "
		    "cycles, 4680 fetches from another core per call "
		    "at examples/linear_regression.c:39 (accumulate); put 56 bytes "
		    "between what different threads have");
	free(report);
	findings->regions[0].lines[0].cycles_before = 0;
	report = render(findings, (struct report_style){0});
	assert_says(report, "sums+32, new: 92 % of its cycles");
	free(report);
	findings->regions[0].lines[0].before_known = false;
	report = render(findings, (struct report_style){0});
	assert_says(report, "sums+32, 92 % of its cycles");
	free(report);
	findings_free(findings);
}

static void what_follows_from_sharing_is_not_advised_on(void **state)
{
	struct findings *findings = example_findings();
	struct finding_counter *counters = findings->regions[0].counters;
	char *report;

	(void)state;
	counters[0].role = EVENT_ROLE_FALSE_SHARING;
	counters[1].role = EVENT_ROLE_L1D_MISS;
	for (int i = 0; i < 2; i++) {
		counters[i].moved = true;
		counters[i].factor = 10;
		counters[i].explains = 0.5;
	}
	report = render(findings, (struct report_style){0});
	assert_says(report, "- False sharing: threads write to different data");
	assert_not_said(report, "- More cache misses");
	free(report);
	/* Alone, it is. */
	counters[0].role = EVENT_ROLE_INSTRUCTIONS;
	report = render(findings, (struct report_style){0});
	assert_says(report, "- More cache misses");
	free(report);
	findings_free(findings);
}

static void the_verdict_comes_first_then_where_why_and_what_next(void **state)
{
	struct findings *findings = example_findings();
	char *report = render(findings, (struct report_style){0});
	static const char *const order[] = {
		"REGRESSION: region \"update_stats\" takes 2.31x as long",
		"base.safetensors (10 normal runs, commit 3f2c9d0e1b)",
		"new.apdb (5 new runs, commit b81e77aa90); 1 failed run is left out",
		"update_stats 184 us 425 us 2.31x 2.12-2.48 1.0 -> 97 % regression",
		" parse_input ",
		"\nupdate_stats\n",
		"once in 752 comparisons",
		"context-switches 0.0123 5.07 412x 71 %",
		"per ms; the thread gave up its CPU or lost it",
		"cpu_share 99 % 43 % 0.43x 22 %",
		"Bear in mind",
		"governor was",
		"rehash",
		"What next",
		"its threads wait for one another",
		"were not counted",
		"git log -p 3f2c9d0e1b..b81e77aa90",
	};
	const char *from = report;

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		from = find(from, order[i]);
		if (!from)
			fail_msg("\"%s\" is missing or misplaced in\n%s", order[i],
				 report);
	}
	assert_not_said(report, "\033");
	assert_not_said(report, "page-faults");
	assert_tidy(report, 80);
	free(report);
	findings_free(findings);
}

static void verbose_lists_counters_that_did_not_move_and_every_run(void **state)
{
	struct findings *findings = example_findings();
	char *report = render(findings, (struct report_style){.verbose = true});

	(void)state;
	assert_says(report, "page-faults");
	assert_says(report, "run 5: 16,000 samples, median 425 us, 98 % anomalous");
	assert_says(report, "\nparse_input\n");
	assert_tidy(report, 80);
	free(report);
	findings_free(findings);
}

static void verbose_draws_how_scores_are_distributed(void **state)
{
	static const char ascii[] =
		"\n  scores  normal [   =#=  |.               ] new "
		"[       .|    #           ]\n";
	static const char blocks[] = "\n  scores  normal [   \u2584\u2588\u2584  "
				     "|\u2581               ] new "
				     "[       \u2581|    \u2588           ]\n";
	struct findings *findings = example_findings();
	char *report = render(findings, (struct report_style){.verbose = true});

	(void)state;
	if (!strstr(report, ascii))
		fail_msg("%s", report);
	assert_not_said(report, "\u2588");
	free(report);
	report = render(findings, (struct report_style){.verbose = true, .utf8 = true});
	if (!strstr(report, blocks))
		fail_msg("%s", report);
	assert_tidy(report, 80);
	free(report);
	report = render(findings, (struct report_style){.utf8 = true});
	assert_not_said(report, "scores");
	free(report);
	findings_free(findings);
}

static void colours_appear_only_when_asked_for_and_are_closed(void **state)
{
	struct findings *findings = example_findings();
	char *report = render(findings, (struct report_style){.color = true});
	int opened = 0, closed = 0;

	(void)state;
	for (const char *c = report; (c = strchr(c, '\033')); c++) {
		if (!strncmp(c, "\033[0m", 4))
			closed++;
		else
			opened++;
	}
	assert_true(opened > 0);
	assert_int_equal(opened, closed);
	assert_true(!strncmp(report, "\033[1;31mREGRESSION\033[0m: ", 22));
	free(report);
	findings_free(findings);
}

static void replace(char **string, const char *with)
{
	free(*string);
	*string = example_string(with);
}

static void hostile_names_do_not_reach_the_terminal(void **state)
{
	static const char *const names[] = {
		"\033[2J\033[31mowned",
		"line\nbreak\r\ttab",
		"\342\200\256evil\342\201\246", /* right-to-left override, isolate */
		"\xff\xfe invalid \xc0\xaf",
		"\xd7\x90\xd7\x91 \xd8\xa7",
		"%s%n%d",
		"",
	};
	char endless[10001];

	(void)state;
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	for (size_t i = 0; i <= sizeof(names) / sizeof(*names); i++) {
		const char *name =
			i < sizeof(names) / sizeof(*names) ? names[i] : endless;
		struct findings *findings = example_findings();
		char *report;

		replace(&findings->regions[0].name, name);
		replace(&findings->regions[0].counters[0].name, name);
		replace(&findings->regions[0].counters[1].description, name);
		replace(&findings->only_after[0], name);
		if (*name) {
			replace(&findings->warnings[0], name);
			replace(&findings->summary, name);
		}
		replace(&findings->profile_path, name);
		report = render(findings, (struct report_style){.verbose = true});
		assert_tidy(report, 80);
		free(report);
		report = render(findings, (struct report_style){.width = 132});
		assert_tidy(report, 132);
		free(report);
		findings_free(findings);
	}
}

static void many_normal_regions_are_counted_not_listed(void **state)
{
	struct findings *findings = example_findings();
	char *report;

	(void)state;
	free(findings->regions[1].name);
	free(findings->regions[1].reason);
	free(findings->regions[2].name);
	free(findings->regions[2].reason);
	findings->regions = realloc(findings->regions, 40 * sizeof(*findings->regions));
	assert_non_null(findings->regions);
	for (size_t i = 1; i < 40; i++) {
		char name[32];

		snprintf(name, sizeof(name), "region_%zu", i);
		example_normal_region(&findings->regions[i], name);
	}
	findings->region_count = 40;
	report = render(findings, (struct report_style){0});
	assert_says(report, "region_8 ");
	assert_not_said(report, "region_9 ");
	assert_says(report, "and 31 more normal regions");
	free(report);
	report = render(findings, (struct report_style){.verbose = true});
	assert_says(report, "region_39 ");
	free(report);
	findings_free(findings);
}

static void missing_runs_become_a_command(void **state)
{
	struct findings *findings = example_findings();
	char *report;

	(void)state;
	findings->verdict = VERDICT_CANNOT_TELL;
	findings->regions[0].verdict = VERDICT_CANNOT_TELL;
	findings->regions[0].runs_missing = 7;
	report = render(findings, (struct report_style){0});
	assert_says(report, "CANNOT TELL: ");
	assert_says(report, "autoperf record --append -n 7 -o new.apdb");
	free(report);
	findings_free(findings);
}

static void a_verdict_on_the_total_shows_totals(void **state)
{
	struct findings *findings = example_findings();
	char *report;

	(void)state;
	findings->regions[0].by_total = true;
	findings->regions[0].executions_after = 32000;
	report = render(findings, (struct report_style){0});
	assert_says(report, "2.94 s 6.8 s 2.31x*");
	assert_says(report, "Time per execution (* per run)");
	assert_says(report, "16,000 -> 32,000 in a run");
	free(report);
	findings_free(findings);
}

static void without_time_there_are_dashes(void **state)
{
	struct findings *findings = example_findings();
	struct finding_region *region = &findings->regions[0];
	char *report;

	(void)state;
	region->time_measured = false;
	region->time = region->total = (struct ratio_interval){NAN, NAN, NAN};
	region->time_before_ns = region->time_after_ns = NAN;
	region->p_time = region->p_faster = NAN;
	report = render(findings, (struct report_style){0});
	assert_says(report, "update_stats - - - - 1.0 -> 97 %");
	assert_not_said(report, "nan");
	assert_tidy(report, 80);
	free(report);
	findings_free(findings);
}

static void a_normal_report_is_short_and_gives_no_advice(void **state)
{
	struct findings *findings = example_findings();
	char *report;

	(void)state;
	findings->verdict = VERDICT_NORMAL;
	findings->regions[0].verdict = VERDICT_NORMAL;
	findings->regions[0].suspicious = false;
	report = render(findings, (struct report_style){0});
	assert_true(!strncmp(report, "NORMAL: ", 8));
	assert_not_said(report, "What next");
	assert_not_said(report, "\nupdate_stats\n");
	free(report);
	/* What looks otherwise is shown although it is not sure. */
	findings->regions[0].suspicious = true;
	report = render(findings, (struct report_style){0});
	assert_says(report, "\nupdate_stats\n");
	free(report);
	findings_free(findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_comes_first_then_where_why_and_what_next),
		cmocka_unit_test(
			verbose_lists_counters_that_did_not_move_and_every_run),
		cmocka_unit_test(verbose_draws_how_scores_are_distributed),
		cmocka_unit_test(contended_lines_name_variable_place_and_remedy),
		cmocka_unit_test(what_follows_from_sharing_is_not_advised_on),
		cmocka_unit_test(colours_appear_only_when_asked_for_and_are_closed),
		cmocka_unit_test(hostile_names_do_not_reach_the_terminal),
		cmocka_unit_test(many_normal_regions_are_counted_not_listed),
		cmocka_unit_test(missing_runs_become_a_command),
		cmocka_unit_test(a_verdict_on_the_total_shows_totals),
		cmocka_unit_test(without_time_there_are_dashes),
		cmocka_unit_test(a_normal_report_is_short_and_gives_no_advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
