#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Decodes a Perfetto trace and checks it as its reader would, knowing nothing of what wrote it.

usage: perfetto.py TRACE [CSV]

Field numbers are those of Perfetto's protos/perfetto/trace. Checked: the wire format, that each
field is known and of its type, that tracks are described before they are used and parents exist,
that sequences start with a cleared state and intern names once, that slices of a track nest and
are all closed, and that counters belong to the thread whose slices bring them. With the CSV that
was exported from the same profile: that each sample is a slice with its region, begin, executions
and counters, and that the counters' tracks have its rates.

Prints what there is, one line a thing, for the test to compare.
"""
import bisect
import collections
import csv
import struct
import sys

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

# message: field -> (name, kind, repeated); kind is "uint", "double", "string" or a message
MESSAGES = {
    "Trace": {1: ("packet", "TracePacket", True)},
    "TracePacket": {
        8: ("timestamp", "uint", False),
        10: ("trusted_packet_sequence_id", "uint", False),
        11: ("track_event", "TrackEvent", False),
        12: ("interned_data", "InternedData", False),
        13: ("sequence_flags", "uint", False),
        59: ("trace_packet_defaults", "TracePacketDefaults", False),
        60: ("track_descriptor", "TrackDescriptor", False),
    },
    "TracePacketDefaults": {11: ("track_event_defaults", "TrackEventDefaults", False)},
    "TrackEventDefaults": {11: ("track_uuid", "uint", False)},
    "TrackDescriptor": {
        1: ("uuid", "uint", False),
        2: ("name", "string", False),
        3: ("process", "ProcessDescriptor", False),
        4: ("thread", "ThreadDescriptor", False),
        5: ("parent_uuid", "uint", False),
        8: ("counter", "CounterDescriptor", False),
    },
    "ProcessDescriptor": {
        1: ("pid", "uint", False),
        2: ("cmdline", "string", True),
        6: ("process_name", "string", False),
    },
    "ThreadDescriptor": {
        1: ("pid", "uint", False),
        2: ("tid", "uint", False),
        5: ("thread_name", "string", False),
    },
    "CounterDescriptor": {3: ("unit", "uint", False)},
    "TrackEvent": {
        4: ("debug_annotations", "DebugAnnotation", True),
        9: ("type", "uint", False),
        10: ("name_iid", "uint", False),
        11: ("track_uuid", "uint", False),
        30: ("counter_value", "uint", False),
        44: ("double_counter_value", "double", False),
    },
    "DebugAnnotation": {
        1: ("name_iid", "uint", False),
        3: ("uint_value", "uint", False),
        5: ("double_value", "double", False),
    },
    "InternedData": {
        2: ("event_names", "Name", True),
        3: ("debug_annotation_names", "Name", True),
    },
    "Name": {1: ("iid", "uint", False), 2: ("name", "string", False)},
}
WIRE = {"uint": VARINT, "double": FIXED64}
BEGIN, END, COUNTER = 1, 2, 4
STARTS, NEEDS_STATE = 1, 2
FIXED_COLUMNS = 9  # of the CSV, before the events


class Invalid(Exception):
    pass


def require(condition, what):
    if not condition:
        raise Invalid(what)


def varint(data, at):
    value = shift = 0
    while True:
        require(at < len(data) and shift < 64, "a number is cut short, or too long")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            require(value < 1 << 63, "a number needs more than an int64")
            return value, at


def decode(kind, data):
    fields = MESSAGES[kind]
    message = {name: [] for name, _, repeated in fields.values() if repeated}
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        require(tag >> 3 in fields, f"{kind} has no field {tag >> 3}")
        name, content, repeated = fields[tag >> 3]
        require(tag & 7 == WIRE.get(content, LENGTH), f"{kind}.{name} has wire type {tag & 7}")
        if content == "uint":
            value, at = varint(data, at)
        elif content == "double":
            require(at + 8 <= len(data), "a double is cut short")
            (value,) = struct.unpack_from("<d", data, at)
            at += 8
        else:
            length, at = varint(data, at)
            require(at + length <= len(data), f"{kind}.{name} is cut short")
            inner = data[at : at + length]
            at += length
            value = inner.decode() if content == "string" else decode(content, inner)
        if repeated:
            message[name].append(value)
        else:
            require(name not in message, f"{kind}.{name} occurs twice")
            message[name] = value
    return message


class Sequence:
    """What packets of one sequence leave out."""

    def __init__(self):
        self.started = False
        self.defaults = {}
        self.names = {}
        self.annotations = {}

    def take(self, packet):
        if packet.get("sequence_flags", 0) & STARTS:
            require(not self.started, "a sequence starts twice")
            self.started = True
        if "trace_packet_defaults" in packet:
            self.defaults = packet["trace_packet_defaults"]["track_event_defaults"]
        interned = packet.get("interned_data", {})
        for key, names in (("event_names", self.names), ("debug_annotation_names", self.annotations)):
            for entry in interned.get(key, []):
                require(entry["iid"] not in names, "a name is interned twice")
                names[entry["iid"]] = entry["name"]


class Slice:
    def __init__(self, track, path, begin, until, annotations):
        self.track, self.path, self.begin, self.annotations = track, path, begin, annotations
        self.until = until  # time and place in the file of the next begin or end on the track
        self.end = None


class Trace:
    def __init__(self, data):
        # A trace is told by its first byte, the tag of a packet.
        require(data[:1] == b"\x0a", "it does not begin with a packet")
        self.processes, self.threads, self.counters = {}, {}, {}
        self.events = []  # (timestamp, place in the file, track, kind, name, annotations)
        self.values = collections.defaultdict(list)  # counter track -> (timestamp, place, value)
        self.sequences = collections.defaultdict(Sequence)
        self.described = 0  # when the last track was
        for place, packet in enumerate(decode("Trace", data)["packet"]):
            self.take(place, packet)
        for values in self.values.values():
            values.sort()

    def take(self, place, packet):
        number = packet.get("trusted_packet_sequence_id", 0)
        require(number, "a packet of no sequence")
        sequence = self.sequences[number]
        sequence.take(packet)
        if "track_descriptor" in packet:
            self.describe(packet["track_descriptor"])
            self.described = max(self.described, packet["timestamp"])
        if "track_event" in packet:
            require(packet.get("timestamp", 0) > 0, "an event without time")
            require(sequence.started, "an event before its sequence starts")
            require(packet.get("sequence_flags") == NEEDS_STATE, "an event with other flags")
            self.take_event(packet["timestamp"], place, sequence, packet["track_event"])

    def describe(self, track):
        uuid = track["uuid"]
        known = {**self.processes, **self.threads, **self.counters}
        require(uuid and uuid not in known, "a track's number is 0, or taken")
        if "process" in track:
            pids = [process["pid"] for process in self.processes.values()]
            require(track["process"]["pid"] not in pids + [0], "a process's number is 0, or taken")
            self.processes[uuid] = track["process"]
        elif "thread" in track:
            tids = [thread["tid"] for thread in self.threads.values()]
            require(track["thread"]["tid"] not in tids + [0], "a thread's number is 0, or taken")
            parent = self.processes[track["parent_uuid"]]
            require(track["thread"]["pid"] == parent["pid"], "a thread of another process")
            self.threads[uuid] = dict(track["thread"], process=track["parent_uuid"])
        else:
            require("counter" in track and track["parent_uuid"] in self.threads, "a track of nothing")
            self.counters[uuid] = {"name": track["name"], "thread": track["parent_uuid"]}

    def take_event(self, timestamp, place, sequence, event):
        track = event.get("track_uuid", sequence.defaults["track_uuid"])
        if event["type"] == COUNTER:
            value = event.get("counter_value", event.get("double_counter_value"))
            require(track in self.counters and value is not None, "a counter without track or value")
            require(sequence.defaults["track_uuid"] == self.counters[track]["thread"], "a counter of another thread")
            self.values[track].append((timestamp, place, value))
            return
        require(event["type"] in (BEGIN, END) and track in self.threads, "an event of no thread")
        name = sequence.names[event["name_iid"]] if event["type"] == BEGIN else None
        annotations = {}
        for entry in event["debug_annotations"]:
            key = sequence.annotations[entry["name_iid"]]
            require(key not in annotations, "an annotation occurs twice")
            annotations[key] = entry["uint_value"] if "uint_value" in entry else entry["double_value"]
        self.events.append((timestamp, place, track, event["type"], name, annotations))

    def slices(self):
        """Slices as the reader nests them."""
        tracks = collections.defaultdict(list)
        # It sorts by time; what has the same time stays in the order of the file.
        for event in sorted(self.events, key=lambda event: event[:2]):
            tracks[event[2]].append(event)
        for track, events in tracks.items():
            stack = []
            for event, following in zip(events, events[1:] + [(float("inf"), 0)]):
                timestamp, _, _, kind, name, annotations = event
                if kind == BEGIN:
                    path = (stack[-1].path if stack else []) + [name]
                    stack.append(Slice(track, path, timestamp, following[:2], annotations))
                    continue
                require(stack, "a slice ends that never began")
                ended = stack.pop()
                ended.end = timestamp
                yield ended
            require(not stack, "a slice never ends")

    def value_before(self, uuid, key):
        """What the counter shows just before that time and place in the file."""
        values = self.values[uuid]
        at = bisect.bisect_left(values, (*key, float("-inf")))
        return values[at - 1][2] if at else None


def rate(counter, row):
    """Name and value of a counter's track in the trace, from a row of the CSV."""
    wall = float(row["wall_ns"])
    if counter.endswith(" per second"):
        return float(row[counter.removesuffix(" per second")]) / wall * 1e9
    if counter.endswith(" (share of time)"):
        return float(row[counter.removesuffix(" (share of time)")]) / wall
    return float(row[counter])


def compare(trace, slices, path):
    """Every row of the CSV is a slice with its counters, and there are no others."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    events = list(rows[0])[FIXED_COLUMNS:]
    origin = min(slice.begin for slice in slices) - min(int(row["begin_ns"]) for row in rows)
    found = collections.defaultdict(list)
    for slice in slices:
        thread = trace.threads[slice.track]
        run = trace.processes[thread["process"]]["process_name"].split(" (")[0]
        found[run, thread["thread_name"], slice.path[-1], slice.begin - origin].append(slice)
    counters = collections.defaultdict(list)
    for uuid, counter in trace.counters.items():
        counters[counter["thread"]].append((uuid, counter["name"]))
    for row in rows:
        key = (f"run {int(row['run']) + 1}", f"thread {row['thread']}", row["region"], int(row["begin_ns"]))
        expected = {name: float(row[name]) for name in events if row[name]}
        if row["cpu_ns"]:
            expected["cpu_ns"] = float(row["cpu_ns"])
        if float(row["executions"]) != 1:
            expected["executions"] = float(row["executions"])
        # Of samples that began together the one with these counters.
        match = [slice for slice in found[key] if slice.annotations == expected]
        require(match, f"no slice is {key} with {expected}")
        found[key].remove(match[0])
        require(match[0].end - match[0].begin >= round(float(row["wall_ns"])), f"{key} is cut short")
        for uuid, name in counters[match[0].track] if float(row["wall_ns"]) else []:
            value, wanted = trace.value_before(uuid, match[0].until), rate(name, row)
            require(value is not None and abs(value - wanted) <= 0.5 + 1e-9 * abs(wanted),
                    f"{name} is {value} in {key}, not {wanted}")
    require(not any(found.values()), "slices that are no samples")


def main():
    with open(sys.argv[1], "rb") as file:
        trace = Trace(file.read())
    slices = list(trace.slices())
    require(trace.described <= min(slice.begin for slice in slices), "a track is described late")
    if len(sys.argv) > 2:
        compare(trace, slices, sys.argv[2])
    for process in trace.processes.values():
        print("process", process["process_name"])
    print("threads", len(trace.threads))
    for name in sorted({counter["name"] for counter in trace.counters.values()}):
        print("counter", name)
    stacks = collections.Counter(";".join(slice.path) for slice in slices)
    for stack in sorted(stacks):
        print("slices", stacks[stack], stack)
    for uuid, counter in trace.counters.items():
        require(trace.value_before(uuid, (float("inf"), 0)) in (0, None), f"{counter['name']} does not end at 0")


if __name__ == "__main__":
    try:
        main()
    except (Invalid, KeyError) as error:
        sys.exit(f"{sys.argv[1]}: {error!r}")
