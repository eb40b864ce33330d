// SPDX-License-Identifier: LGPL-2.1-or-later
// Compiled once for the stage programs.
#include <ATen/ATen.h>
