// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See script.h.
#include "pipeline/script.h"

#include "core/file.h"

namespace zt::pipeline {

Script read_script(const std::string& path, zt_rational rate) {
    Script script;
    script.name = File::open(path).name();
    const std::string content = read_whole_file(path, text::kStoryboardBytes);
    script.list = text::plan_shots(text::parse_storyboard(content, script.name), rate, script.name);
    return script;
}

}  // namespace zt::pipeline
