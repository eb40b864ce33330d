/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vwait.h - one lock and one condition for all waits of an element
 *
 * The streaming thread waits for pictures and texts that the threads of sink pads bring, and these
 * wait until it has taken the last ones. Whoever ends a wait (unlock() of the base class, a state
 * change) need not know who waits for what: it sets a flag here and wakes all. What is waited for
 * lies in the structs of those modules, guarded by this lock.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _T2vWait T2vWait;

T2vWait *t2v_wait_new (void);
void t2v_wait_free (T2vWait *wait);

void t2v_wait_lock (T2vWait *wait);
void t2v_wait_unlock (T2vWait *wait);
/* With the lock: until somebody wakes all. May return early, so the condition is asked again. */
void t2v_wait_block (T2vWait *wait);
/* With the lock: something has changed that another thread may wait for. */
void t2v_wait_wake (T2vWait *wait);

/* The base class wants its streaming thread back. */
void t2v_wait_set_flushing (T2vWait *wait, gboolean flushing);
/* The element goes to READY: what waits on a sink pad ends, too. */
void t2v_wait_set_closing (T2vWait *wait, gboolean closing);
/* Both with the lock. */
gboolean t2v_wait_is_flushing (const T2vWait *wait);
gboolean t2v_wait_is_closing (const T2vWait *wait);

G_END_DECLS
