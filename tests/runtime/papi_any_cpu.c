/* SPDX-License-Identifier: MIT */
/*
 * Preloaded where libpfm does not know the CPU (a new one, a virtual one): PAPI then switches
 * its whole perf_event component off, software events included. This shim makes one core PMU
 * look present, so that the software events, which need none, can be counted through PAPI.
 */
#include <dlfcn.h>
#include <perfmon/pfmlib.h>
#include <string.h>

pfm_err_t pfm_get_pmu_info(pfm_pmu_t pmu, pfm_pmu_info_t *info)
{
	static pfm_err_t (*next)(pfm_pmu_t, pfm_pmu_info_t *);
	pfm_err_t result;

	if (!next) {
		/* libpfm comes with a plug-in, outside of the global scope. */
		void *libpfm = dlopen("libpfm.so.4", RTLD_LAZY | RTLD_NOLOAD);
		void *symbol = dlsym(libpfm, "pfm_get_pmu_info");
		memcpy(&next, &symbol, sizeof(next));
	}
	result = next(pmu, info);
	if (result == PFM_SUCCESS && pmu == PFM_PMU_INTEL_CORE)
		info->is_present = info->is_dfl = 1;
	return result;
}
