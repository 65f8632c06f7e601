/* SPDX-License-Identifier: MIT */
/*
 * report/read.c and all renderers: any bytes as a document of findings. What is taken can be shown
 * in every format, and is the same document once it has been written and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "report/read.h"
#include "report/report.h"

static char *render(const struct findings *findings, enum report_format format)
{
	struct report_style style = {.verbose = true, .color = true};
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);

	fuzz_require(out);
	fuzz_require(!report_write(findings, format, &style, out, NULL));
	fuzz_require(!fclose(out));
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct findings *findings, *again;
	struct error error = {0};
	char *once, *twice;

	if (findings_parse(&findings, (const char *)bytes, length, "f.json", &error)) {
		fuzz_require(!findings && error.code < 0 &&
			     strstr(error.text, "f.json"));
		return 0;
	}
	for (enum report_format format = REPORT_TEXT; format <= REPORT_HTML; format++)
		free(render(findings, format));
	once = render(findings, REPORT_JSON);
	fuzz_require(!findings_parse(&again, once, strlen(once), "f.json", &error));
	twice = render(again, REPORT_JSON);
	fuzz_require(!strcmp(once, twice));
	free(once);
	free(twice);
	findings_free(findings);
	findings_free(again);
	return 0;
}

#define MACHINE                                                             \
	"{\"cpu_model\":\"c\",\"architecture\":\"x\",\"cores\":2,"          \
	"\"cores_allowed\":2,\"numa_nodes\":1,\"smt\":null,\"turbo\":true," \
	"\"governor\":null,\"kernel\":\"k\",\"hypervisor\":null,"           \
	"\"container\":null,\"hostname\":\"h\",\"memory_bytes\":1}"
#define TIME                                                           \
	"{\"before_ns\":1e3,\"after_ns\":2e3,\"ratio\":2,\"low\":1.9," \
	"\"high\":null}"
#define PAIR   "{\"before\":1,\"after\":2}"
#define CHANGE "{\"path\":\"a.c\",\"first\":3,\"count\":1}"
#define REGION                                                                      \
	"{\"name\":\"r\",\"verdict\":\"regression\",\"reason\":\"is slow\","        \
	"\"suspicious\":true,\"time_basis\":\"execution\",\"time_per_"              \
	"execution\":" TIME ",\"time_of_median_execution\":" TIME                   \
	",\"time_per_run\":" TIME ",\"executions_per_run\":" PAIR                   \
	",\"calls_changed\":false,"                                                 \
	"\"instructions_ratio\":null,\"time_per_instruction_ratio\":1,"             \
	"\"anomalous_share\":{\"before\":0.01,\"after\":1},\"runs\":" PAIR          \
	",\"samples\":" PAIR ",\"p_value\":0.001,\"p_improvement\":null,"           \
	"\"p_score\":1,\"p_time\":0,\"p_faster\":1,\"runs_missing\":0,"             \
	"\"training_runs_missing\":0,\"counters\":[{\"name\":\"e\",\"role\":"       \
	"\"context_switch\",\"unit\":\"count\",\"rate\":\"rate_per_kiloinst\","     \
	"\"description\":null,\"pass\":0,\"before\":0,\"after\":3,\"factor\":null," \
	"\"moved\":true,\"p_moved\":0,\"explains\":1,\"error_share\":1,"            \
	"\"residual\":9}],\"cause\":\"waiting\",\"causes\":[{\"name\":\"waiting\"," \
	"\"share\":0.5}],\"lines\":[{\"sharing\":\"false\",\"contended\":\"x+0\","  \
	"\"waits_at\":\"a.c:3 (f)\",\"waits_for\":null,\"advice\":\"pad\","         \
	"\"cycles_share\":0.5,\"cycles_per_execution\":" PAIR                       \
	",\"hitm_per_execution\":" PAIR ",\"line\":{\"padding\":8}}],"              \
	"\"changes\":[" CHANGE "],\"new_runs\":[{\"ordinal\":0,\"pass\":0,"         \
	"\"samples\":5,\"wall_median_ns\":7,\"anomalous_share\":1,"                 \
	"\"score_mean\":3,\"anomalous\":true}]}"
#define DOCUMENT(regions)                                                         \
	"{\"format\":\"autoperf-findings\",\"version\":1,\"verdict\":"            \
	"\"regression\",\"summary\":\"s\",\"exit_status\":3,\"alarm_rate\":0.01," \
	"\"effect_floor\":0.05,\"confidence\":0.95,\"source\":\"sim\","           \
	"\"passes\":1,\"events\":1,\"microarchitecture\":true,\"before\":"        \
	"{\"model\":\"m\",\"command\":[\"./a\",\"1\"],\"git_commit\":null,"       \
	"\"runs\":1,\"machine\":" MACHINE "},\"after\":{\"profile\":\"p\","       \
	"\"command\":null,\"git_commit\":\"c\",\"runs\":2,\"runs_failed\":0,"     \
	"\"machine\":" MACHINE "},\"range\":\"a..b\",\"changes\":[" CHANGE "],"   \
	"\"warnings\":[\"w\"],\"regions\":[" regions                              \
	"],\"executions\":{\"before\":[{\"samples\":1,\"anomalous_samples\":0,"   \
	"\"anomalous\":false}],\"after\":[]},\"only_before\":[\"o\"],"            \
	"\"only_after\":[],\"renamed\":[{\"before\":\"x\",\"after\":\"y\"}],"     \
	"\"not_judged\":[{\"name\":\"n\",\"reason\":\"few\"}]}"

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {DOCUMENT(REGION), DOCUMENT("")};

	if (index >= sizeof(seeds) / sizeof(*seeds))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	if (!*bytes)
		abort();
	memcpy(*bytes, seeds[index], *length);
	return true;
}
