"""A worker that misbehaves on request: `mode` of its options says how, `at` at which story, `state` is a folder of its own.

With `frames`, a folder, it gives `frames/STORY/K.png`; otherwise squares of one colour. With `traffic`, a file, it writes
every line that it reads and writes there.
"""
import base64
import json
import os
import struct
import sys
import time
import zlib

traffic = None


def png(colour, side=16):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(colour) * side for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def note_traffic(direction, line):
    if traffic:
        with open(traffic, "a") as file:
            file.write(json.dumps({"from": direction, "message": json.loads(line)}) + "\n")


def say(**message):
    line = json.dumps(message)
    note_traffic("worker", line)
    print(line, flush=True)


def first_time(state, what):
    """Whether this happens for the first time, in any process."""
    try:
        os.close(os.open(os.path.join(state, what), os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def main():
    global traffic
    mode, options, request = "", {}, 0
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "hello":
            options = message["options"]
            traffic = options.get("traffic")
            note_traffic("storyeval", line)
            mode, scratch = options.get("mode", ""), message["scratch"]
            ready = {"protocol": 1, "name": "fake", "version": "1.0", "device": "cpu"}
            if mode == "crash at start":
                sys.exit("no such checkpoint")
            if mode == "hang at start":
                time.sleep(60)
            if mode == "cannot load":
                say(type="error", message="the weights are broken", retry=False)
                sys.exit(1)
            if mode == "protocol 2":
                ready["protocol"] = 2
            if mode == "lies" and not first_time(options["state"], "started"):
                ready["version"] = "1.1"
            if mode == "child":
                os.system("sleep 300 &")
            if "secret" in options:
                print("the key is " + os.environ[options["secret"]], file=sys.stderr)
            say(type="ready", **{**ready, **options.get("ready", {})})
        elif message["type"] == "bye":
            note_traffic("storyeval", line)
            break
        else:
            note_traffic("storyeval", line)
            if mode == "flood" and request == 0:
                for _ in range(1600):
                    os.write(2, b"x" * (64 << 10))
                os.write(2, b"\nthe end\n")
            request = message["id"]
            draw(message, mode, options, scratch)


def draw(message, mode, options, scratch):
    id, state = message["id"], options.get("state", "")
    for story in message["stories"]:
        name = story["story"]
        here = "at" not in options or options["at"] == name
        if here:
            if mode == "crash" or (mode == "crash once" and first_time(state, "crashed")):
                sys.exit("out of memory")
            if mode == "hang" or (mode == "hang once" and first_time(state, "hung")):
                with open(os.path.join(state, "pid"), "w") as file:
                    file.write(f"{os.getpid()} {scratch}")
                time.sleep(60)
            if mode == "garbage":
                print("Loading pipeline: 100% " + os.environ.get(options.get("secret", ""), ""), flush=True)
            if mode == "long line":
                for _ in range(1600):
                    sys.stdout.write("x" * (64 << 10))
                sys.stdout.flush()
            if mode == "reports":
                return say(type="error", id=id, message="CUDA out of memory " + os.environ.get(options.get("secret", ""), ""), retry=True)
            if mode == "gives up":
                return say(type="error", id=id, message="no such character", retry=False)
            if mode == "foreign":
                say(type="frame", id=id, story="another", index=1, png="")
            if mode == "wrong id":
                say(type="heartbeat", id=id + 7)
            if mode == "beats":
                for step in range(8):
                    time.sleep(options.get("beat_s", 0.2))
                    say(type="heartbeat", id=id, note="step", progress=step / 8)
        for frame in story["frames"]:
            if not frame["draw"]:
                continue
            index = frame["index"]
            if here and mode == "wrong index":
                index += 40
            if here and mode == "unfinished" and index == 2:
                continue
            answer = {"type": "frame", "id": id, "story": name, "index": index}
            if here and mode == "refuses" and index == 2:
                say(refused="a brand name " + os.environ.get(options.get("secret", ""), ""), **answer)
                continue
            if here and mode == "half an image":
                path = os.path.join(scratch, "half.png")
                with open(path, "wb") as file:
                    file.write(png((1, 2, 3))[:40])
                say(path=path, **answer)
                continue
            if here and mode == "a pipe":
                path = os.path.join(scratch, "pipe")
                os.mkfifo(path)
                say(path=path, **answer)
                continue
            colour = (story["seed"] % 256, index, len(frame["caption"]) % 256)
            if "latents" in frame:
                colour = zlib.crc32(open(frame["latents"], "rb").read()).to_bytes(4, "big")[:3]
            if "earlier" in options:
                colour = (len(story["frames"]), len(story["earlier"]), index)
            data = png(colour, 8 if here and mode == "other size" and index == 2 else 16)
            if "frames" in options:
                with open(os.path.join(options["frames"], name, f"{index}.png"), "rb") as file:
                    data = file.read()
            if mode == "base64":
                say(png=base64.b64encode(data).decode(), seconds=0.5, peak_memory_bytes=1 << 30, note="n", text="written", **answer)
            else:
                path = os.path.join(scratch, "a.png")
                with open(path, "wb") as file:
                    file.write(data)
                # Relative to the scratch folder.
                say(path="a.png", **answer)
                while os.path.exists(path):
                    time.sleep(0.001)
            if here and mode == "twice":
                say(png=base64.b64encode(data).decode(), **answer)
    say(type="done", id=id)


main()
