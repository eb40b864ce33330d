/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Makes system calls fail on purpose. Linked into a test, or preloaded into any program:
 *
 *   LD_PRELOAD=BUILD/tests/fault/libzt-shim.so ZT_SHIM=pread:EIO:3 program
 *
 * lets the third pread of the process fail with EIO. The fault is an errno name, its number, or
 * "short": reads and writes move one byte at most. The last part is the call, counted from 1; "*"
 * is every call, "/2" every second one (the first, the third ...), "3+" the third and all behind it.
 * Functions: open openat read pread write fsync rename pthread_create. fork'ed children inherit it.
 */
#ifndef ZT_TESTS_FAULT_SHIM_H
#define ZT_TESTS_FAULT_SHIM_H

#ifdef __cplusplus
extern "C" {
#endif

enum { ZT_SHIM_SHORT = -1 };                     /* instead of an errno */
enum { ZT_SHIM_EVERY = 0, ZT_SHIM_SECOND = -2 }; /* instead of a call's number */

/* Arms one fault of one function and forgets the one before; counts calls from 1 again. */
void zt_shim_arm(const char* function, int fault, long call);
/* The same for this call and all that follow, which is what a limit does. */
void zt_shim_arm_from(const char* function, int fault, long call);
void zt_shim_disarm(void);
/* Calls of the armed function since it was armed; how many of them got the fault. */
long zt_shim_calls(void);
long zt_shim_faults(void);

#ifdef __cplusplus
}
#endif
#endif
