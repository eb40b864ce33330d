// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The hand-made files; see hostile.h. Offsets and sizes are written out, so each reads on its own.
#include "hostile.h"

#include <cstdint>
#include <utility>

#include "checkpoint_draft.h"

namespace zt::test {
namespace {

std::string with_length(uint64_t length, const std::string& rest) { return little_endian(length) + rest; }

// A file with this header and so many data bytes.
std::string headed(const std::string& header, size_t data_bytes = 0) {
    return with_length(header.size(), header + std::string(data_bytes, 'd'));
}

// One tensor "a" with these values, as JSON text.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets, size_t data_bytes) {
    return headed(R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}",
                  data_bytes);
}

std::string f32(const std::string& shape, const std::string& offsets, size_t data_bytes) {
    return one("\"F32\"", shape, offsets, data_bytes);
}

// Two U8 tensors with these offsets; their shapes fit.
std::string two(uint64_t b0, uint64_t e0, uint64_t b1, uint64_t e1, size_t data_bytes) {
    Draft draft;
    draft.tensors.push_back(draft_tensor("a", "U8", '[' + std::to_string(e0 - b0) + ']', b0, e0));
    draft.tensors.push_back(draft_tensor("b", "U8", '[' + std::to_string(e1 - b1) + ']', b1, e1));
    draft.data = std::string(data_bytes, 'd');
    return draft.file();
}

std::string repeated(const std::string& piece, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += piece;
    return text;
}

std::string many_tensors(size_t count) {
    Draft draft;
    for (size_t i = 0; i < count; ++i)
        draft.tensors.push_back(draft_tensor('t' + std::to_string(i), "U8", "[0]", 0, 0));
    return draft.file();
}

std::string nested(size_t depth) {
    return headed(R"({"a":{"dtype":)" + std::string(depth, '[') + std::string(depth, ']') + "}}");
}

std::string metadata(const std::string& text) { return headed(R"({"__metadata__":)" + text + "}"); }

std::vector<HostileFile> with_wrong_lengths() {
    return {
        {"empty", "", "expected at least 10 bytes, got 0"},
        {"seven_bytes", std::string(7, '\0'), "expected at least 10 bytes, got 7"},
        {"length_only", with_length(2, ""), "header length: expected at most 0 (file size), got 2"},
        {"length_zero", with_length(0, ""), "header length: expected at least 2, got 0"},
        {"length_one", with_length(1, "{"), "header length: expected at least 2, got 1"},
        {"length_one_too_many", with_length(3, "{}"), "header length: expected at most 2 (file size), got 3"},
        {"length_4_gib", with_length(1ull << 32, std::string(804, ' ')),
         "expected at most 804 (file size), got 4294967296"},
        {"length_all_ones", with_length(~0ull, "{}"), "expected at most 2 (file size), got 18446744073709551615"},
        {"length_sign_bit", with_length(1ull << 63, "{}"), "(file size), got 9223372036854775808"},
        {"length_wraps_with_8", with_length(~0ull - 7, "{}"), "(file size), got 18446744073709551608"},
        {"length_over_limit", with_length(100'000'001, "{}"), "(file size), got 100000001"},
        {"zeros", std::string(4096, '\0'), "header length: expected at least 2, got 0"},
    };
}

std::vector<HostileFile> without_an_object() {
    const std::string big(5u << 20, 'x');
    return {
        {"array_root", headed("[]"), "header: expected a JSON object, got \"[\" first"},
        {"leading_blank", headed(" {}"), "header: expected a JSON object, got \" \" first"},
        {"byte_order_mark", headed("\xef\xbb\xbf{}"), "header: expected a JSON object, got"},
        {"unclosed", headed(R"({"a":{)"), "header: expected JSON, got a mistake at byte"},
        {"unclosed_string", headed(R"({"a)"), "header: expected JSON, got a mistake at byte"},
        {"backslash_at_end", headed("{\"a\\"), "header: expected JSON, got a mistake at byte"},
        {"two_roots", headed("{}{}"), "header: expected JSON, got a mistake at byte"},
        {"text_after_root", headed("{} x"), "header: expected JSON, got a mistake at byte"},
        {"zero_padding", headed(std::string("{}\0\0", 4)), "header: expected JSON, got a zero byte at 2"},
        {"comment", headed("{/**/}"), "header: expected JSON, got a mistake at byte"},
        {"trailing_comma", headed(R"({"__metadata__":{},})"), "header: expected JSON, got a mistake at byte"},
        {"bad_utf8", metadata("{\"a\":\"\xff\"}"), "header: expected JSON, got a mistake at byte"},
        {"overlong_utf8", metadata("{\"a\":\"\xc0\xaf\"}"), "header: expected JSON, got a mistake at byte"},
        {"utf8_surrogate", metadata("{\"a\":\"\xed\xa0\x80\"}"), "header: expected JSON, got a mistake at byte"},
        {"lone_surrogate", metadata(R"({"a":"\ud800"})"), "header: expected JSON, got a mistake at byte"},
        {"raw_newline", metadata("{\"a\":\"\n\"}"), "header: expected JSON, got a mistake at byte"},
        {"deep_million", nested(1'000'000), R"(tensor "a": dtype: expected a string, got an array)"},
        {"deep_objects", headed(repeated(R"({"a":)", 100'000)), R"(expected dtype, shape and data_offsets, got "a")"},
        {"huge_number", f32("[" + std::string(100'000, '9') + "]", "[0,4]", 4),
         "expected numbers of at most 512 characters"},
        {"exponent_bomb", f32("[1e999999999]", "[0,4]", 4), "header: expected JSON, got a mistake at byte"},
        {"huge_string", metadata("{\"a\":\"" + big + "\"}"), "expected strings of at most 4194304 bytes"},
        {"string_at_limit", metadata("{\"a\":\"" + big.substr(0, (4 << 20) - 2) + "\"}"), ""},
    };
}

std::vector<HostileFile> of_wrong_structure() {
    return {
        {"root_number", headed(R"({"a":1})"), R"(tensor "a": expected an object, got 1)"},
        {"root_null", headed(R"({"a":null})"), R"(tensor "a": expected an object, got null)"},
        {"tensor_is_array", headed(R"({"a":["F32",[1],[0,4]]})", 4), R"(tensor "a": expected an object, got an array)"},
        {"tensor_empty", headed(R"({"a":{}})"), R"(tensor "a": dtype: expected a value, got none)"},
        {"no_dtype", headed(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4), "dtype: expected a value, got none"},
        {"no_shape", headed(R"({"a":{"dtype":"F32","data_offsets":[0,4]}})", 4), "shape: expected a value, got none"},
        {"no_offsets", headed(R"({"a":{"dtype":"F32","shape":[1]}})", 4), "data_offsets: expected a value, got none"},
        {"unknown_key", headed(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1),
         R"(tensor "a": expected dtype, shape and data_offsets, got "x")"},
        {"double_name",
         headed(
             R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
             2),
         R"(header: expected each key once, got "a" twice)"},
        {"double_name_escaped",
         headed(
             R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
             2),
         R"(header: expected each key once, got "a" twice)"},
        {"double_shape", headed(R"({"a":{"dtype":"U8","shape":[1],"shape":[],"data_offsets":[0,1]}})", 1),
         R"(header: expected each key once, got "shape" twice)"},
        {"double_dtype", headed(R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1),
         R"(header: expected each key once, got "dtype" twice)"},
        {"metadata_null", metadata("null"), R"(tensor "__metadata__": expected an object, got null)"},
        {"metadata_number", metadata(R"({"a":1})"), R"(__metadata__: "a": expected a string, got 1)"},
        {"metadata_nested", metadata(R"({"a":{"b":"c"}})"), R"(__metadata__: "a": expected a string, got an object)"},
        {"metadata_array", metadata("[]"), R"(tensor "__metadata__": expected an object, got an array)"},
        {"metadata_double_key", metadata(R"({"a":"1","a":"2"})"), R"(header: expected each key once, got "a" twice)"},
        {"metadata_twice", headed(R"({"__metadata__":{},"__metadata__":{}})"),
         R"(expected each key once, got "__metadata__" twice)"},
        {"metadata_as_tensor", headed(R"({"__metadata__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
         R"(__metadata__: "shape": expected a string, got an array)"},
    };
}

std::vector<HostileFile> with_odd_names() {
    return {
        {"name_513", headed("{\"" + std::string(513, 'n') + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"),
         "expected a name of at most 512 bytes, got 513"},
        {"name_512", headed("{\"" + std::string(512, 'n') + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})"),
         ""},
        {"name_path", headed(R"({"../../etc/passwd":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1), ""},
        {"name_nul", headed(R"({"a\u0000b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1), ""},
        {"name_escape_codes", headed(R"({"\u001b]0;x\u0007":{"dtype":"Q","shape":[1],"data_offsets":[0,1]}})", 1),
         R"(tensor "\x1B]0;x\x07": dtype)"},
    };
}

std::vector<HostileFile> with_wrong_values() {
    return {
        {"dtype_unknown", one("\"Q4_0\"", "[1]", "[0,4]", 4), R"(tensor "a": dtype: expected one of BOOL U8)"},
        {"dtype_lower_case", one("\"f32\"", "[1]", "[0,4]", 4), R"(got "f32")"},
        {"dtype_number", one("32", "[1]", "[0,4]", 4), R"(tensor "a": dtype: expected a string, got 32)"},
        {"shape_number", f32("1", "[0,4]", 4), R"(tensor "a": shape: expected an array of integers, got 1)"},
        {"shape_negative", f32("[-1]", "[0,4]", 4), "shape: expected integers from 0 to 9223372036854775807, got -1"},
        {"shape_fraction", f32("[1.0]", "[0,4]", 4), "shape: expected integers from 0 to"},
        {"shape_string", f32("[\"1\"]", "[0,4]", 4), R"(got "1")"},
        {"shape_nested", f32("[[1]]", "[0,4]", 4), "got an array"},
        {"shape_above_int64", f32("[9223372036854775808]", "[0,4]", 4),
         "shape: expected sizes of at most 9223372036854775807"},
        {"shape_above_uint64", f32("[18446744073709551616]", "[0,4]", 4), "shape: expected integers from 0 to"},
        {"rank_9", f32("[1,1,1,1,1,1,1,1,1]", "[0,4]", 4), "shape: expected at most 8 dimensions, got more"},
        {"rank_8", f32("[1,1,1,1,1,1,1,1]", "[0,4]", 4), ""},
        {"rank_million", f32("[1" + repeated(",1", 1'000'000) + "]", "[0,4]", 4),
         "shape: expected at most 8 dimensions"},
        {"product_wraps_to_0", f32("[4294967296,4294967296]", "[0,0]", 0),
         "bytes for F32 [4294967296, 4294967296], got more"},
        {"product_wraps_to_4", f32("[4611686018427387905]", "[0,4]", 4),
         "shape: expected at most 9223372036854775807 bytes"},
        {"product_wraps_twice", f32("[4294967296,4294967296,4294967296,4294967296]", "[0,0]", 0), "got more"},
        {"product_above_int64", one("\"U8\"", "[4611686018427387904,3]", "[0,4]", 4), "got more"},
        {"zero_hides_wrap", f32("[0,9223372036854775807,9223372036854775807]", "[0,0]", 0), "got more"},
        {"offsets_one", f32("[1]", "[4]", 4), R"(tensor "a": data_offsets: expected two integers, got 1)"},
        {"offsets_none", f32("[0]", "[]", 0), R"(tensor "a": data_offsets: expected two integers, got 0)"},
        {"offsets_three", f32("[1]", "[0,4,4]", 4), R"(tensor "a": data_offsets: expected two integers, got more)"},
        {"offsets_reversed", f32("[1]", "[4,0]", 4), "data_offsets: expected an end at or after 4, got 0"},
        {"offsets_negative", f32("[1]", "[-4,0]", 4),
         "data_offsets: expected integers from 0 to 9223372036854775807, got -4"},
        {"offsets_wrap", f32("[1]", "[18446744073709551612,18446744073709551615]", 4),
         "expected 4 bytes for F32 [1], got 3"},
        {"offsets_far", f32("[1]", "[4611686018427387904,4611686018427387908]", 4),
         "data: expected to start at 0, got 4611686018427387904"},
        {"size_too_small", f32("[32, 32]", "[0,1024]", 1024),
         R"(tensor "a": expected 4096 bytes for F32 [32, 32], got 1024)"},
        {"size_too_big", f32("[]", "[0,8]", 8), R"(tensor "a": expected 4 bytes for F32 [], got 8)"},
    };
}

std::vector<HostileFile> of_wrong_layout() {
    return {
        {"overlap", two(0, 8, 4, 12, 12), R"(tensor "b": data: expected to start at 8, got 4)"},
        {"same_range", two(0, 8, 0, 8, 8), R"(tensor "b": data: expected to start at 8, got 0)"},
        {"hole", two(0, 4, 8, 12, 12), R"(tensor "b": data: expected to start at 4, got 8)"},
        {"hole_in_front", two(4, 8, 8, 12, 12), R"(tensor "a": data: expected to start at 0, got 4)"},
        {"trailing_byte", two(0, 4, 4, 8, 9), "data: expected to end at 8 (last tensor), got 9 (end of the file)"},
        {"one_byte_short", two(0, 4, 4, 8, 7), "data: expected to end at 8 (last tensor), got 7 (end of the file)"},
        {"data_without_tensor", headed("{}", 1), "data: expected to end at 0 (last tensor), got 1 (end of the file)"},
        {"polyglot_zip", headed("{}", 0) + "PK\x03\x04" + std::string(60, 'z'), "data: expected to end at 0"},
        {"end_sums_wrap", two(0, 9223372036854775807, 9223372036854775807, 9223372036854775809ull, 4),
         "data: expected to end at"},
        {"small_file_big_tensors",
         [] {
             Draft draft;
             for (int i = 0; i < 1000; ++i)
                 draft.tensors.push_back(draft_tensor('t' + std::to_string(i), "U8", "[1000]", 0, 1000));
             draft.data = std::string(1000, 'd');
             return draft.file();
         }(),
         "data: expected to start at 1000, got 0"},
        {"tensors_100001", many_tensors(100'001), "header: expected at most 100000 tensors, got more"},
        {"tensors_100000", many_tensors(100'000), ""},
    };
}

std::vector<HostileFile> of_other_formats() {
    return {
        {"pickle_zip", std::string("PK\x03\x04\x14\x00\x00\x00\x08\x08", 10) + std::string(200, 'p'),
         "got a pickle archive"},
        {"pickle_zip_empty", std::string("PK\x05\x06", 4) + std::string(18, '\0'), "got a pickle archive"},
        {"pickle_raw", "\x80\x02}q\x01X\x01" + std::string(100, '\0'), "got a pickle archive"},
        {"pickle_raw_short", "\x80\x04.", "got a pickle archive"},
        {"gguf", std::string("GGUF\x03\x00\x00\x00", 8) + std::string(100, '\0'), "got GGUF"},
        {"hdf5", "\x89HDF\r\n\x1a\n" + std::string(100, '\0'), "(file size)"},
        {"html", "<!DOCTYPE html><html><body>404</body></html>", "expected safetensors or GGUF, got an HTML page"},
        {"git_lfs_pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
         "expected safetensors or GGUF, got a pointer of Git LFS"},
    };
}

std::vector<HostileFile> that_are_legal() {
    return {
        {"no_tensors", headed("{}"), ""},
        {"padded", headed("{}        "), ""},
        {"padded_lines", headed("{}\n\t\r "), ""},
        {"scalar", f32("[]", "[0,4]", 4), ""},
        {"empty_tensor", f32("[0,3]", "[0,0]", 0), ""},
        {"empty_between",
         headed(
             R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"e":{"dtype":"F64","shape":[0],"data_offsets":[2,2]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})",
             3),
         ""},
        {"reverse_order", two(4, 8, 0, 4, 8), ""},
        {"metadata_empty", metadata("{}"), ""},
        {"header_like_pickle_length", headed("{" + std::string(0x280 - 2, ' ') + "}"), ""},
    };
}

}  // namespace

std::vector<HostileFile> hostile_checkpoints() {
    std::vector<HostileFile> files;
    for (const auto part : {with_wrong_lengths, without_an_object, of_wrong_structure, with_odd_names,
                            with_wrong_values, of_wrong_layout, of_other_formats, that_are_legal})
        for (HostileFile& file : part()) files.push_back(std::move(file));
    return files;
}

std::vector<HostileFile> hostile_manifests() {
    const auto manifest = [](const std::string& files) {
        return R"({"format":"zoetrope-manifest-1","files":)" + files + "}";
    };
    const auto entry = [&](const std::string& name, const std::string& size, const std::string& sha) {
        return manifest("{\"" + name + "\":{\"size\":" + size + ",\"sha256\":" + sha + "}}");
    };
    const std::string sha = '"' + std::string(64, 'a') + '"';
    std::string many = "{";
    for (int i = 0; i < 1025; ++i)
        many += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\":{\"size\":0,\"sha256\":" + sha + '}';
    return {
        {"empty", "", "manifest.json: expected JSON, got a mistake at byte"},
        {"array", "[]", "manifest.json: expected an object, got an array"},
        {"no_format", "{}", R"(manifest.json: expected a key "format", got an object)"},
        {"other_format", R"({"format":"zoetrope-manifest-2","files":{}})",
         R"(format: expected "zoetrope-manifest-1", got "zoetrope-manifest-2")"},
        {"format_number", R"({"format":1,"files":{}})", "format: expected a string, got 1"},
        {"unknown_key", R"({"format":"zoetrope-manifest-1","files":{},"x":1})",
         R"(expected only format, files, metadata, got "x")"},
        {"no_files", R"({"format":"zoetrope-manifest-1"})", R"(expected a key "files")"},
        {"zero_files", manifest("{}"), R"(files: expected 1 to 1024 files, got "0")"},
        {"too_many_files", manifest(many + "}"), R"(files: expected 1 to 1024 files, got "1025")"},
        {"files_array", manifest("[]"), "files: expected an object, got an array"},
        {"path_up", entry("../x", "1", sha), R"(files: expected a file name in this folder, got "../x")"},
        {"path_absolute", entry("/etc/passwd", "1", sha), "expected a file name in this folder"},
        {"path_inside", entry("a/b", "1", sha), "expected a file name in this folder"},
        {"path_dots", entry("..", "1", sha), "expected a file name in this folder"},
        {"path_dot", entry(".", "1", sha), "expected a file name in this folder"},
        {"path_empty", entry("", "1", sha), "expected a file name in this folder"},
        {"path_nul", entry("a\\u0000b", "1", sha), "expected a file name in this folder"},
        {"path_backslash", entry("a\\\\b", "1", sha), "expected a file name in this folder"},
        {"path_long", entry(std::string(256, 'f'), "1", sha), "expected a file name in this folder"},
        {"size_negative", entry("a", "-1", sha), "files: a: size: expected an integer from 0 to"},
        {"size_huge", entry("a", "9223372036854775808", sha), "files: a: size: expected an integer"},
        {"size_text", entry("a", "\"1\"", sha), R"(size: expected an integer from 0 to 9223372036854775807, got "1")"},
        {"sha_short", entry("a", "1", "\"abc\""), R"(sha256: expected 64 lower-case hex digits, got "abc")"},
        {"sha_upper", entry("a", "1", '"' + std::string(64, 'A') + '"'), "expected 64 lower-case hex digits"},
        {"sha_null", entry("a", "1", "null"), "sha256: expected a string, got null"},
        {"no_sha", manifest(R"({"a":{"size":1}})"), R"(files: a: expected a key "sha256")"},
        {"entry_extra", manifest(R"({"a":{"size":1,"sha256":)" + sha + R"(,"url":"http://x"}})"),
         R"(expected only size, sha256, got "url")"},
        {"file_twice",
         manifest("{\"a\":{\"size\":1,\"sha256\":" + sha + "},\"a\":{\"size\":1,\"sha256\":" + sha + "}}"),
         R"(expected each key once, got "a" twice)"},
        {"metadata_text",
         R"({"format":"zoetrope-manifest-1","files":{"a":{"size":1,"sha256":)" + sha + R"(}},"metadata":"x"})",
         "metadata: expected an object, got \"x\""},
        {"deep", manifest(std::string(70, '[') + std::string(70, ']')), "expected at most 64 nested levels, got more"},
        {"long_number", manifest("[" + std::string(30'000, '1') + "]"), "expected numbers of at most 512 characters"},
        {"many_values", manifest("[0" + repeated(",0", 30'000) + "]"), "expected at most 20000 values, got more"},
        {"too_long", std::string((1 << 20) + 1, ' '), "expected at most 1048576 bytes, got 1048577"},
    };
}

}  // namespace zt::test
