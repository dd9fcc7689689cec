/* Included before every C++ source of llama.cpp, for processors with AMX (Intel Xeon since Sapphire Rapids).
 *
 * GCC 12's _tile_loadconfig tells the compiler that it reads 8 bytes of the tile configuration, where the processor
 * reads 64. The stores of the other 56 are then dropped as dead, and the first prompt ends the process with SIGSEGV:
 * see gcc/config/i386/amxtileintrin.h, and llama.cpp's issue 20824.
 */
#if defined(__AMX_TILE__)
#include <immintrin.h>
#define _tile_loadconfig(config) __asm__ volatile("ldtilecfg\t%0" : : "m"(*(const char(*)[64])(config)))
#endif
