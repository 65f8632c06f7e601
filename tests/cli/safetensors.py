# SPDX-License-Identifier: MIT
"""A second reader of model files, written from the published format and doc/formats/model.md.

Usage: safetensors.py MODEL REGION...: fails unless MODEL is well formed and has these regions.
"""
import json
import struct
import sys

SIZES = {"F64": 8, "I64": 8, "F32": 4}

with open(sys.argv[1], "rb") as file:
    content = file.read()
(length,) = struct.unpack("<Q", content[:8])
assert length % 8 == 0, "the data are not aligned"
header = json.loads(content[8:8 + length])
data = content[8 + length:]
metadata = header.pop("__metadata__")
assert all(isinstance(value, str) for value in metadata.values())
assert metadata["format"] == "autoperf-model" and metadata["version"] == "3"


def numbers(name):
    """The array of that name, flat."""
    array = header[name]
    begin, end = array["data_offsets"]
    code = {"F64": "d", "I64": "q", "F32": "f"}[array["dtype"]]
    return struct.unpack(f"<{(end - begin) // SIZES[array['dtype']]}{code}", data[begin:end])


end = 0
for name, array in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    count = 1
    for dimension in array["shape"]:
        count *= dimension
    begin, until = array["data_offsets"]
    assert begin == end, f"a gap before {name}"
    assert until - begin == count * SIZES[array["dtype"]], f"{name} has another size"
    assert begin % SIZES[array["dtype"]] == 0, f"{name} is not aligned"
    end = until
assert end == len(data), "bytes after the last array"

units = json.loads(metadata["units"])
assert [unit["region"] for unit in units] == sys.argv[2:], "other regions"
for index, unit in enumerate(units):
    features = len(unit["features"])
    assert len(numbers(f"unit.{index}.center")) == features
    assert min(numbers(f"unit.{index}.scale")) > 0
    quantiles = numbers(f"unit.{index}.score_quantiles")
    assert list(quantiles) == sorted(quantiles)
    assert quantiles[0] <= unit["threshold"] <= quantiles[-1]
    widths = [features] + [header[f"unit.{index}.layer.{layer}.weight"]["shape"][0]
                           for layer in range(len(unit["activations"]))]
    assert widths[-1] == features
