// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every system call of loading and saving weights fails once, at every place it is made
// (reliability.md B3): the right tensors or a clean error, never a leaked descriptor, never half a
// file under its final name.
#include <cerrno>
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "checkpoint_draft.h"
#include "probe.h"
#include "shim.h"
#include "weights/manifest.h"
#include "weights/safetensors.h"

namespace zt::weights {
namespace {

// Arms while it lives.
class Fault {
public:
    Fault(const char* function, int fault, long call) { zt_shim_arm(function, fault, call); }
    ~Fault() { zt_shim_disarm(); }
};

class IoFault : public testing::Test {
protected:
    IoFault() : draft_(test::tiny_checkpoint(20)) {
        path_ = folder_.write("m.safetensors", draft_.file());
        write_manifest(folder_.path(), {"m.safetensors"}, json::Value(json::Value::Object{}));
        descriptors_ = test::open_descriptors();
    }
    ~IoFault() override { EXPECT_EQ(test::open_descriptors(), descriptors_); }

    // What a family does: manifest, checkpoint, check, all tensors.
    std::string load() const {
        const Manifest manifest = read_manifest(folder_.path());
        const SafetensorsFile file = SafetensorsFile::open(path_);
        verify(*manifest.find("m.safetensors"), file.file());
        std::string bytes;
        for (const TensorEntry& entry : file.tensors()) {
            std::string tensor(entry.size_bytes, '\0');
            file.read(entry, std::as_writable_bytes(std::span(tensor)));
            bytes += tensor;
        }
        return bytes;
    }

    test::TemporaryFolder folder_;
    test::Draft draft_;
    std::string path_;
    size_t descriptors_ = 0;
};

// Fails call 1, 2, 3 ... until a whole run makes fewer calls. Returns how many there are.
template <typename Run>
long fail_every_call(const char* function, int fault, const Run& run) {
    for (long call = 1;; ++call) {
        std::optional<Error> error;
        long faults = 0;
        {
            const Fault armed(function, fault, call);
            error = test::refusal(run);
            faults = zt_shim_faults();
        }
        if (faults == 0) {
            EXPECT_FALSE(error) << error->what();
            return call - 1;
        }
        if (fault == EINTR || fault == ZT_SHIM_SHORT) {
            EXPECT_FALSE(error) << function << " call " << call << ": " << error->what();
            continue;
        }
        EXPECT_TRUE(error) << function << " call " << call << " failed unseen";
        if (!error) return call;
        EXPECT_TRUE(error->status() == ZT_ERROR_IO || (fault == ENOMEM && error->status() == ZT_ERROR_MEMORY))
            << error->what();
        EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
    }
}

TEST_F(IoFault, loading_survives_every_failing_call) {
    const auto run = [&] { ASSERT_EQ(load(), draft_.data); };
    for (int fault : {EIO, EMFILE, ENFILE, ENOMEM, EACCES, EINTR}) {
        EXPECT_EQ(fail_every_call("open", fault, run), 2) << fault;  // manifest and checkpoint
    }
    for (int fault : {EIO, ENOMEM, EINTR, int{ZT_SHIM_SHORT}}) {
        // Manifest, start and rest of the header, the file for its digest, and each tensor that has bytes.
        EXPECT_GE(fail_every_call("pread", fault, run), 4 + 19) << fault;
    }
}

TEST_F(IoFault, one_byte_at_a_time_gives_the_right_tensors) {
    const Fault armed("pread", ZT_SHIM_SHORT, ZT_SHIM_EVERY);
    EXPECT_EQ(load(), draft_.data);
    EXPECT_GT(zt_shim_faults(), static_cast<long>(draft_.data.size()));
}

TEST_F(IoFault, an_interruption_before_every_call_gives_the_right_tensors) {
    for (const char* function : {"pread", "open"}) {
        const Fault armed(function, EINTR, ZT_SHIM_SECOND);
        EXPECT_EQ(load(), draft_.data);
        EXPECT_GE(zt_shim_faults(), 2);
    }
}

TEST_F(IoFault, interruptions_without_end_are_an_error_not_a_hang) {
    for (const char* function : {"pread", "open"}) {
        const Fault armed(function, EINTR, ZT_SHIM_EVERY);
        const auto error = test::refusal([&] { static_cast<void>(load()); });
        ASSERT_TRUE(error);
        EXPECT_EQ(error->status(), ZT_ERROR_IO);
    }
}

TEST_F(IoFault, saving_keeps_the_old_file_or_brings_the_new_one) {
    const std::vector<int64_t> shape = {4};
    const std::string content = "newt";
    const std::vector<TensorSource> tensors = {{"t", Dtype::kU8, shape, std::as_bytes(std::span(content))}};
    const auto run = [&] { write_safetensors(path_, tensors); };
    const std::string old_file = read_whole_file(path_, 1 << 20);

    const std::map<std::string, std::vector<int>> faults = {
        {"write", {ENOSPC, EIO, EROFS, EINTR, ZT_SHIM_SHORT}}, {"fsync", {EIO}}, {"rename", {EACCES, EIO}}};
    for (const auto& [function, errors] : faults) {
        for (int fault : errors) {
            const bool harmless = fault == EINTR || fault == ZT_SHIM_SHORT;
            for (long call = 1; call <= (function == "write" ? 3 : 1); ++call) {
                {
                    AtomicFile restored(path_);
                    restored.write(old_file);
                    restored.commit();
                }
                std::optional<Error> error;
                {
                    const Fault armed(function.c_str(), fault, call);
                    error = test::refusal(run);
                    EXPECT_EQ(zt_shim_faults(), 1) << function;
                }
                ASSERT_EQ(error.has_value(), !harmless) << function << ' ' << fault << ' ' << call;
                if (error) {
                    EXPECT_EQ(error->status(), ZT_ERROR_IO);
                    EXPECT_EQ(read_whole_file(path_, 1 << 20), old_file);
                } else {
                    EXPECT_EQ(SafetensorsFile::open(path_).tensors().size(), 1u);
                }
                // The manifest and the checkpoint: no temporary file stays.
                EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2);
            }
        }
    }
}

}  // namespace
}  // namespace zt::weights
