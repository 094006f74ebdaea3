/* A header of Cinder's, as far as typed methods need it: see typedcall_cinder.h. */
#include "../../typedcall_cinder.h"
