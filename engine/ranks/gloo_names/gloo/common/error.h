// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Nothing of this header of Gloo is used; see context.h.
#pragma once
