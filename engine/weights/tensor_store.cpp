// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tensor reading and writing; see tensor_store.h.
#include "weights/tensor_store.h"

#include <sstream>
#include <vector>

#include "core/error.h"

namespace zt::weights {
namespace {

struct TypePair {
    Dtype file;
    at::ScalarType tensor;
};
constexpr TypePair kTypes[] = {
    {Dtype::kF32, at::kFloat},  {Dtype::kBF16, at::kBFloat16}, {Dtype::kF16, at::kHalf},
    {Dtype::kF64, at::kDouble}, {Dtype::kI64, at::kLong},      {Dtype::kI32, at::kInt},
    {Dtype::kU8, at::kByte},    {Dtype::kBool, at::kBool},     {Dtype::kF8E4M3, at::kFloat8_e4m3fn}};

std::string shown(at::IntArrayRef sizes) {
    std::ostringstream out;
    out << sizes;
    return out.str();
}

}  // namespace

Tensors read_tensors(const SafetensorsFile& file, const Cancel* cancel) {
    Tensors tensors;
    for (const TensorEntry& entry : file.tensors()) {
        const TypePair* type = nullptr;
        for (const TypePair& t : kTypes)
            if (t.file == entry.dtype) type = &t;
        if (type == nullptr)
            throw Error(ZT_ERROR_WEIGHTS, file.file().name() + ": tensor \"" + entry.name +
                                              "\": expected a number type with arithmetic, got " +
                                              std::string(dtype_name(entry.dtype)));
        at::Tensor t = at::empty(entry.shape, type->tensor);
        file.read(entry, std::as_writable_bytes(std::span(static_cast<char*>(t.data_ptr()), t.nbytes())), cancel);
        tensors.emplace(entry.name, std::move(t));
    }
    return tensors;
}

void write_tensors(const std::string& path, const Tensors& tensors,
                   const std::map<std::string, std::string>& metadata) {
    std::vector<at::Tensor> keep;  // contiguous copies live until the write is done
    std::vector<TensorSource> sources;
    for (const auto& [name, t] : tensors) {
        keep.push_back(t.detach().contiguous());
        const at::Tensor& c = keep.back();
        const TypePair* type = nullptr;
        for (const TypePair& pair : kTypes)
            if (pair.tensor == c.scalar_type()) type = &pair;
        if (type == nullptr)
            throw Error(ZT_ERROR_INTERNAL, path + ": tensor \"" + name + "\": expected a type safetensors has");
        sources.push_back({name, type->file, c.sizes(),
                           std::as_bytes(std::span(static_cast<const char*>(c.data_ptr()), c.nbytes()))});
    }
    write_safetensors(path, sources, metadata);
}

void refuse_missing(const std::string& file, const std::string& name, at::IntArrayRef expected) {
    throw Error(ZT_ERROR_WEIGHTS, file + ": tensor \"" + name + "\": expected " + shown(expected) + ", got none");
}
void refuse_shape(const std::string& file, const std::string& name, at::IntArrayRef expected, at::IntArrayRef got) {
    throw Error(ZT_ERROR_WEIGHTS,
                file + ": tensor \"" + name + "\": expected " + shown(expected) + ", got " + shown(got));
}
void refuse_unused(const std::string& file, const std::string& name) {
    throw Error(ZT_ERROR_WEIGHTS, file + ": tensor \"" + name + "\": expected only tensors of the model, got one more");
}

}  // namespace zt::weights
