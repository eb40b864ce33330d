// SPDX-License-Identifier: LGPL-2.1-or-later
//
// key=value arguments of a training command. An unknown key is an error; the values in force are printed at the start.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>

namespace zt::training {

class Settings {
public:
    Settings(int argc, char** argv, int first) {
        for (int i = first; i < argc; i++) {
            const std::string a = argv[i];
            const size_t e = a.find('=');
            if (e == std::string::npos) throw std::runtime_error(a + ": expected key=value");
            values_[a.substr(0, e)] = a.substr(e + 1);
        }
    }
    std::string text(const std::string& key, const std::string& fallback) {
        std::string v = fallback;
        if (const auto found = values_.find(key); found != values_.end()) {
            v = found->second;
            values_.erase(found);
        }
        std::printf("  %-16s %s\n", key.c_str(), v.c_str());
        return v;
    }
    int64_t integer(const std::string& key, int64_t fallback) {
        return std::stoll(text(key, std::to_string(fallback)));
    }
    double number(const std::string& key, double fallback) { return std::stod(text(key, std::to_string(fallback))); }
    void done() const {
        if (!values_.empty()) throw std::runtime_error(values_.begin()->first + ": unknown setting");
        std::fflush(stdout);
    }

private:
    std::map<std::string, std::string> values_;
};

}  // namespace zt::training
