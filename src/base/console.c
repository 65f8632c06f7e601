#include "base/console.h"
