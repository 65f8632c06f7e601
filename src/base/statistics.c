#include "base/statistics.h"
