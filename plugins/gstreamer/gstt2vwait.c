/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vwait.c - see gstt2vwait.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vwait.h"

struct _T2vWait {
  GMutex lock;
  GCond changed;
  gboolean flushing, closing;
};

T2vWait *
t2v_wait_new (void)
{
  T2vWait *wait = g_new0 (T2vWait, 1);

  g_mutex_init (&wait->lock);
  g_cond_init (&wait->changed);
  return wait;
}

void
t2v_wait_free (T2vWait *wait)
{
  g_cond_clear (&wait->changed);
  g_mutex_clear (&wait->lock);
  g_free (wait);
}

void
t2v_wait_lock (T2vWait *wait)
{
  g_mutex_lock (&wait->lock);
}

void
t2v_wait_unlock (T2vWait *wait)
{
  g_mutex_unlock (&wait->lock);
}

void
t2v_wait_block (T2vWait *wait)
{
  g_cond_wait (&wait->changed, &wait->lock);
}

void
t2v_wait_wake (T2vWait *wait)
{
  g_cond_broadcast (&wait->changed);
}

static void
set (T2vWait *wait, gboolean *flag, gboolean value)
{
  g_mutex_lock (&wait->lock);
  *flag = value;
  g_cond_broadcast (&wait->changed);
  g_mutex_unlock (&wait->lock);
}

void
t2v_wait_set_flushing (T2vWait *wait, gboolean flushing)
{
  set (wait, &wait->flushing, flushing);
}

void
t2v_wait_set_closing (T2vWait *wait, gboolean closing)
{
  set (wait, &wait->closing, closing);
}

gboolean
t2v_wait_is_flushing (const T2vWait *wait)
{
  return wait->flushing;
}

gboolean
t2v_wait_is_closing (const T2vWait *wait)
{
  return wait->closing;
}
