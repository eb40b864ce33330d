// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The device's operators. All but a few are one: the CPU's kernel, run on tensors that look at the same memory through
// the mapping that may be used (memory.h). See fake_device.h for what is counted and refused.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/native/Resize.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <array>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/counts.h"
#include "backend/memory.h"

namespace zt::fake_device {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;
const c10::DispatchKeySet kKeys(c10::DispatchKey::PrivateUse1);

bool ours(const at::Tensor& t) { return t.defined() && t.device().type() == kType; }

// ---- Copies that nobody waits for ----

// Made as late as can be: before the next operator.
class Queue {
public:
    void add(const at::Tensor& to, const at::Tensor& from) {
        const std::lock_guard lock(mutex_);
        copies_.emplace_back(to, from);
    }
    void finish() {
        const std::lock_guard lock(mutex_);
        for (const auto& [to, from] : copies_)
            std::memcpy(seen_by_device(to.data_ptr()), from.data_ptr(), from.nbytes());
        copies_.clear();
    }

private:
    std::mutex mutex_;
    std::vector<std::pair<at::Tensor, at::Tensor>> copies_;  // holds both
};
Queue& queue() {
    static Queue& made = *new Queue;
    return made;
}

// ---- Tensors of the device as tensors of the CPU, and back ----

at::Tensor seen(const at::Tensor& t) {
    void* memory = t.numel() == 0 ? nullptr : seen_by_device(t.data_ptr());
    return at::from_blob(memory, t.sizes(), t.strides(), at::TensorOptions(t.scalar_type()));
}

at::Tensor empty_like(const at::Tensor& t, c10::Device device) {
    const c10::DeviceGuard guard(device);
    c10::Allocator* allocator = c10::GetAllocator(kType);
    if (t.is_non_overlapping_and_dense())
        return at::detail::empty_strided_generic(t.sizes(), t.strides(), allocator, kKeys, t.scalar_type());
    return at::detail::empty_generic(t.sizes(), allocator, kKeys, t.scalar_type(), std::nullopt);
}

at::Tensor taken_over(const at::Tensor& result, c10::Device device) {
    const at::Tensor made = empty_like(result, device);
    if (result.numel() > 0) seen(made).copy_(result);
    return made;
}

// ---- The one operator ----

// Results whose size the host has to be told.
constexpr std::array<std::string_view, 8> kWaits = {
    "aten::nonzero",  "aten::masked_select", "aten::equal",      "aten::repeat_interleave",
    "aten::_unique2", "aten::bincount",      "aten::unique_dim", "aten::unique_consecutive"};
// The same, with a mask for an index. (LibTorch's index() itself calls nonzero.)
constexpr std::array<std::string_view, 3> kIndexing = {"aten::index_put", "aten::index_put_", "aten::_index_put_impl_"};

// One call: what of its arguments is lent to the CPU's kernel, and what becomes of its results.
class Call {
public:
    Call(const c10::OperatorHandle& op, torch::jit::Stack& stack) : op_(op), stack_(stack) {}

    void run(c10::DispatchKeySet) {
        queue().finish();
        const auto& arguments = op_.schema().arguments();
        const size_t begin = stack_.size() - arguments.size();
        find_device(begin);
        for (size_t i = 0; i < arguments.size(); i++) lend(stack_[begin + i], arguments[i]);
        if (waits()) count_to_host(8, true, op_.schema().name().c_str());
        op_.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack_);
        for (const Lent& lent : lent_) resized(lent);
        const auto& returns = op_.schema().returns();
        const size_t first = stack_.size() - returns.size();
        for (size_t i = 0; i < returns.size(); i++) take(stack_[first + i], returns[i]);
    }

private:
    struct Lent {
        at::Tensor own, copy;
        const c10::AliasInfo* alias;
    };

    void find_device(size_t begin) {
        const auto look = [&](const at::Tensor& t) {
            if (!ours(t)) return;
            TORCH_CHECK(!device_ || *device_ == t.device(), "fake: ", op_.schema().name(),
                        ": expected tensors of one device, got ", *device_, " and ", t.device());
            device_ = t.device();
        };
        for (size_t i = begin; i < stack_.size(); i++) {
            const c10::IValue& v = stack_[i];
            if (v.isTensor()) look(v.toTensor());
            if (v.isTensorList())
                for (const at::Tensor& t : v.toTensorVector()) look(t);
            if (v.isOptionalTensorList())
                for (const auto& t : v.toOptionalTensorList().vec())
                    if (t) look(*t);
            if (v.isDevice() && v.toDevice().type() == kType && !device_) device_ = v.toDevice();
        }
        TORCH_CHECK(device_, "fake: ", op_.schema().name(), ": expected a tensor of the device, got none");
    }

    at::Tensor lend_one(const at::Tensor& t, const c10::AliasInfo* alias) {
        if (!t.defined()) return t;
        if (!ours(t)) {
            // A number of the host goes along with a kernel, as its argument.
            TORCH_CHECK(t.dim() == 0, "fake: ", op_.schema().name(), ": expected tensors of one device, got ", *device_,
                        " and ", t.device(), " ", t.sizes());
            return t;
        }
        const bool grows = alias != nullptr && alias->isWrite() && t.numel() == 0;
        lent_.push_back({t, grows ? at::empty({0}, t.scalar_type()) : seen(t), alias});
        const bool mask = t.scalar_type() == at::kBool || t.scalar_type() == at::kByte;
        has_mask_ = has_mask_ || (mask && in_list_);
        return lent_.back().copy;
    }

    void lend(c10::IValue& v, const c10::Argument& argument) {
        if (v.isTensor()) {
            v = lend_one(v.toTensor(), argument.alias_info());
        } else if (v.isTensorList()) {
            c10::List<at::Tensor> list;
            for (const at::Tensor& t : v.toTensorVector()) list.push_back(lend_one(t, argument.alias_info()));
            v = list;
        } else if (v.isOptionalTensorList()) {
            c10::List<std::optional<at::Tensor>> list;
            in_list_ = true;
            for (const auto& t : v.toOptionalTensorList().vec())
                list.push_back(t ? std::optional(lend_one(*t, nullptr)) : std::nullopt);
            in_list_ = false;
            v = list;
        } else if (v.isDevice()) {
            v = c10::Device(c10::DeviceType::CPU);
        }
    }

    [[nodiscard]] bool waits() const {
        const std::string_view name = op_.schema().name();
        const auto among = [&](const auto& names) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        return among(kWaits) || (among(kIndexing) && has_mask_);
    }

    // A result that came in without a size has one now.
    static void resized(const Lent& lent) {
        if (lent.alias == nullptr || !lent.alias->isWrite() || lent.own.sizes() == lent.copy.sizes()) return;
        const at::Tensor made = taken_over(lent.copy, lent.own.device());
        lent.own.unsafeGetTensorImpl()->set_storage_keep_dtype(made.storage());
        lent.own.unsafeGetTensorImpl()->set_sizes_and_strides(made.sizes(), made.strides(), 0);
    }

    at::Tensor take_one(const at::Tensor& result, const c10::AliasInfo* alias) const {
        if (!result.defined()) return result;
        if (alias != nullptr && alias->isWrite())
            for (const Lent& lent : lent_)
                if (lent.alias != nullptr && lent.alias->beforeSets() == alias->beforeSets()) return lent.own;
        if (result.numel() > 0 && is_ours(result.data_ptr())) {  // a view
            for (const Lent& lent : lent_)
                if (lent.copy.storage().data() == result.storage().data())
                    return at::native::as_strided_tensorimpl(lent.own, result.sizes(), result.strides(),
                                                             lent.own.storage_offset() + result.storage_offset());
        }
        return taken_over(result, *device_);
    }

    void take(c10::IValue& v, const c10::Argument& returned) const {
        if (v.isTensor()) {
            v = take_one(v.toTensor(), returned.alias_info());
        } else if (v.isTensorList()) {
            c10::List<at::Tensor> list;
            for (const at::Tensor& t : v.toTensorVector()) list.push_back(take_one(t, returned.alias_info()));
            v = list;
        }
    }

    const c10::OperatorHandle& op_;
    torch::jit::Stack& stack_;
    std::vector<Lent> lent_;
    std::optional<c10::Device> device_;
    bool in_list_ = false, has_mask_ = false;
};

void on_cpu(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
    Call(op, *stack).run(keys);
}

// ---- Those that are not ----

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                 std::optional<at::Device> device, std::optional<bool>, std::optional<at::MemoryFormat> format) {
    const c10::OptionalDeviceGuard guard(device);
    return at::detail::empty_generic(size, c10::GetAllocator(kType), kKeys, type.value_or(at::kFloat), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> type,
                         std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>) {
    const c10::OptionalDeviceGuard guard(device);
    return at::detail::empty_strided_generic(size, stride, c10::GetAllocator(kType), kKeys, type.value_or(at::kFloat));
}

// Both sides are one run of memory in the same order, so that a copy is one transfer.
bool one_run(const at::Tensor& a, const at::Tensor& b) {
    return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() && a.strides() == b.strides() &&
           a.is_non_overlapping_and_dense();
}

void copy_to_device(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
    // Else the host puts it in order first, in memory of its own.
    const at::Tensor source = one_run(from, to) ? from : from.to(to.scalar_type()).expand(to.sizes()).contiguous();
    const bool waited = !non_blocking || !is_pinned(source.const_data_ptr());
    count_to_device(static_cast<int64_t>(source.nbytes()), waited, "copy to the device");
    if (!waited && one_run(source, to)) return queue().add(to, source);
    queue().finish();
    seen(to).copy_(source);
}

void copy_to_host(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
    queue().finish();
    const bool waited = !non_blocking || !is_pinned(to.const_data_ptr()) || !one_run(from, to);
    count_to_host(static_cast<int64_t>(from.nbytes()), waited, "copy to the host");
    at::Tensor target = to;
    target.copy_(seen(from));
}

at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool non_blocking) {
    if (to.numel() == 0) return to;
    if (ours(from) && ours(to)) {
        queue().finish();
        seen(to).copy_(seen(from));
    } else if (ours(to)) {
        TORCH_CHECK(from.is_cpu(), "fake: copy: expected a tensor of the CPU, got one of ", from.device());
        copy_to_device(from, to, non_blocking);
    } else {
        TORCH_CHECK(to.is_cpu(), "fake: copy: expected a tensor of the CPU, got one of ", to.device());
        copy_to_host(from, to, non_blocking);
    }
    return to;
}

at::Scalar number(const at::Tensor& t) {
    queue().finish();
    count_to_host(static_cast<int64_t>(t.nbytes()), true, "item");
    return seen(t).item();
}

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
    queue().finish();
    const bool biased = bias && bias->defined();
    TORCH_CHECK(x.device() == weight.device() && (!biased || x.device() == bias->device()),
                "fake: convolution: expected tensors of one device, got ", x.device(), " and ", weight.device());
    return taken_over(at::convolution(seen(x), seen(weight), biased ? std::optional(seen(*bias)) : std::nullopt, stride,
                                      padding, dilation, transposed, output_padding, groups),
                      x.device());
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_cpu>()); }

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
    m.impl("empty.memory_format", empty);
    m.impl("empty_strided", empty_strided);
    m.impl("as_strided", at::native::as_strided_tensorimpl);
    m.impl("view", at::native::view);
    m.impl("_copy_from", copy_from);
    m.impl("_local_scalar_dense", number);
    m.impl("convolution_overrideable", convolution);
}

}  // namespace
}  // namespace zt::fake_device
