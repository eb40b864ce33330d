// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Precompiled for the unit tests: halves their build time.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>
