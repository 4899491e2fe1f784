"""Golden cases for the PTB tokeniser, and a comparison with the real one on made-up strings.

    python tools/golden/ptb.py cases STUDY_JSON OUT_DIR   (OUT_DIR: reference-data/golden/captions)
    python tools/golden/ptb.py compare BINARY [FILE...]   (BINARY: storyeval; FILE: captions, one a line)
    python tools/golden/ptb.py fuzz BINARY [COUNT [SEED]]
    python tools/golden/ptb.py classes                    (character classes, as in ptb/classes.rs)
    python tools/golden/ptb.py abbreviations              (which short strings keep their dot)

Needs pycocoevalcap 1.2 and Java. CoreNLP is run as a black box; nothing of it is read or copied.
STUDY_JSON is the project's golden study, whose hand-written cases are copied with the others.
"""

import itertools
import json
import os
import platform
import random
import string
import subprocess
import sys
import tempfile
import unicodedata
from importlib.metadata import version

from pycocoevalcap.tokenizer import ptbtokenizer

JAR = os.path.join(os.path.dirname(ptbtokenizer.__file__), ptbtokenizer.STANFORD_CORENLP_3_4_1_JAR)
LINE_SEPARATORS = dict.fromkeys(map(ord, "\r\v\f\u2028\u2029\x85"), " ")


def run(lines):
    """The tokeniser's lines for a file of these lines."""
    with tempfile.NamedTemporaryFile(suffix=".txt", delete=False) as file:
        file.write("\n".join(lines).encode())
    command = ["java", "-XX:+UseSerialGC", "-cp", JAR, "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase", file.name]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode().split("\n")
    os.remove(file.name)
    assert len(out) == len(lines), (len(out), len(lines))
    return out


def raw(lines):
    """The tokeniser's lines for these lines, each on its own: a neutral line stands after each, because the
    last token of a line can depend on the first of the next (a single letter with a dot)."""
    return run([each for line in lines for each in (line, "z")])[::2]


def kept(line):
    """pycocoevalcap's filter, as in its tokenize()."""
    return " ".join(w for w in line.rstrip().split(" ") if w not in ptbtokenizer.PUNCTUATIONS)


def reference(lines):
    return [kept(line) for line in raw(lines)]


def ours(binary, lines):
    out = subprocess.run([binary, "metric", "tokenize"], input=("\n".join(lines) + "\n").encode(), stdout=subprocess.PIPE, check=True)
    return out.stdout.decode().split("\n")[:-1]


def compare(binary, lines, label, show=10):
    expected, found = reference(lines), ours(binary, lines)
    assert len(expected) == len(found), (len(expected), len(found))
    bad = [(l, e, f) for l, e, f in zip(lines, expected, found) if e != f]
    print(f"{label}: {len(lines)} strings, {len(bad)} differ, agreement {1 - len(bad) / len(lines):.6f}")
    for line, e, f in sorted(bad, key=lambda b: len(b[0]))[:show]:
        print(f"  {line!r}\n    reference {e!r}\n    ours      {f!r}")
    return len(bad)


# ---- strings -------------------------------------------------------------------------------------

WORDS = """a the man woman dog cat in on with and of is are riding holding standing sitting next to near his her Fred Wilma Barney Betty Dino
Pebbles Slate Mr Otto Bolt kitchen living-room t-shirt black-and-white skateboard frisbee giraffe pizza bus stop sign street St Ave U.S. L.A. TV
DVD iPhone 4x4 3-D x-ray co-worker mother-in-law ice-cream o'clock y'all ma'am rock'n'roll R&B AT&T Q&A""".split()
PIECES = """can't won't don't isn't I'm he's they'll we've she'd dogs' dog's James's cannot gonna wanna 'em 'til 'tis 'cause 'n' '90s '99 d'Artagnan
O'Brien l'eau c'est Hawai'i ol' y'know Mr. Mrs. Dr. St. Jr. Inc. etc. vs. e.g. i.e. a.m. p.m. Ph.D. U.S. U.S.A. No. no. Fig. pp. Jan. Mon. Calif.
5 12 1,000 3.14 .5 10:30 10:30am 10:30 a.m. 9/11 2010-10-20 1/2 2 1/2 3/4-inch 5th 1st 1990s 90's 50% $5 $5.50 US$5 £5 €10 5¢ #1 no.5 5ft 6'2" 12" 5-year-old
24/7 2x4 555-1234 (555) 123-4567 +1 555 123 4567 -5 +5 5-10 5+5 5=5 ½ 2½ ⅓ ° 20°C m² © ® ™
"hello" 'hello' “hello” ‘hello’ «hello» ``hello'' ‘“hi”’ (in brackets) [1] {x} <b> </b> <br/> <3 &amp; &lt; &quot; &#39; &nbsp; &eacute;
:) :-) ;) :D :P :( =) ^_^ (^_^) -_- <3 xD http://www.example.com/a?b=c#d https://x.y/z www.example.com example.com example.com/path me@example.com @user #tag #tag2
-- --- – — … ... .. . , ; : ! ? !! ?! ??? - / \\ | ~ ^ + = * ** & @ # % $ _ __ and/or he/she w/ w/o n/a end.Start hello!world hello,world a;b a:b
naïve café résumé Ünïcödé señor 日本 犬が走る привет ｆｕｌｌ 😀 👍🏽 ❤️ ★ ♥ → \u00a0 \u200b \u00ad - half- -half a- b c. x. A. The""".split(" ")
PIECES = [piece for line in PIECES for piece in line.split("\n") if piece]


def made_up(rng):
    """A caption with something odd in it, half of the time with several odd things."""
    n = rng.randint(1, 12)
    parts = [rng.choice(PIECES) if rng.random() < (0.15 if n > 6 else 0.5) else rng.choice(WORDS) for _ in range(n)]
    text = ""
    for part in parts:
        glue = rng.choice([" "] * 12 + ["", "", ", ", " - ", "-", "/", ". ", "'", '"', "  "])
        text += (glue if text else "") + part
    if rng.random() < 0.3:
        text = text.capitalize()
    return (text + rng.choice(["", "", ".", ".", "!", "?", " .", "..."])).translate(LINE_SEPARATORS)


ALPHABETS = {
    "any": "aBst5.,-'!?:;/&@#$%()\"<>_+*=~|\\[]{}^`é½“–",
    "numbers": "0123459 -./,:()+$%'\"½ap",
    "addresses": "ahtpw:/.@-_?=&#com5 ()<>,",
    "apostrophes": "nNtTsdmlreva'’ `oOiI.-5",
    "abbreviations": "MrJUSetcno.aA5T h,-'",
    "faces": ":;=-()DPpo3xX8B^_<>'*| O",
    "beyond ASCII": "aé5日˘٣’‘“”…–—‐★ ½€£😀ʼ\u00a0\u200b-.'ß",
}


def scrambled(rng, alphabet):
    return "z " + "".join(rng.choice(alphabet) for _ in range(rng.randint(2, 12))) + " z"


def fuzz(binary, count, seed):
    rng = random.Random(seed)
    bad = compare(binary, [made_up(rng) for _ in range(count)], "made-up captions")
    for name, alphabet in ALPHABETS.items():
        bad += compare(binary, [scrambled(rng, alphabet) for _ in range(count)], f"random characters ({name})", 3)
    return bad


# ---- cases ---------------------------------------------------------------------------------------


# Rare things that a comparison on a million strings found to differ once, a few for each rule.
RARE = [
    "hi there,\u00a0@joe", "photo by\u00a0@joe", "a@b\u00a0c", "http://a\u0085b c", "a@b\u0085c d",
    "No.\t5 bus", "no.\u00a05 bus", "op.\u20095", "plan A.\u2003The end", "'90\u2003s",
    "l’e\u0301cole", "D'e\u0301te\u0301", "o'Brie\u0301n", "l'ea\u00adu", "o'll's",
    "„‚hallo‘, sagt er“", "«„x“»", "‘„a", "‟‚",
    "10²³ H₂₀ ²₂", "a &MD; b &md; c", "&Quot; &APOS; &quot; &LT;", "A&AMP; A&AMP;B S&amp;Ls",
    "&apos;Seen &apos;em &apos;90s", "l&apos;eau O&APOS;Brien rock&apos;n&apos;roll", "don&apos;t don&APOS;t dog&apos;s",
    "e.&eacute; &uuml;.o", "#caf&eacute; &agrave;.;", "R&B.: AT&T., R&B. x", "Calif.-I'm etc.-b's a.b-c's",
    "www...er", "www.,.de", "www.a,b.com www.ab..com", "ab\u00ad@x.com http://a\u00adb.com/c", "\u00ad0:3 1\u00ad,000 -\u00ad5",
    "#ta\u00adg 5\u00ad.jpg", "5e\u0301.jpg", "0\u00ad-k x-1\u00adb \u00ada-b a\u00ad_b", "do\u00adn't",
    "a\u0000b@c http://a\u0000b", "<!r\t> <!a b>", "1٫5 1٬000 ٫5 x٫5", "5.、 en.、 R&B.、",
    "４.net", "\u00a0.com", "a \u2009.com", "x‐U.S. x-U.S. x-U.S.‐y", "(55)2567٣٥ &#٣٩;",
    "ΑΣ-B ΑΣ..Β b0Σ", "http://😀 y", ".\u00a0.\u00a0.com",
]


def cases(study, out):
    rng = random.Random(20261124)
    with open(study) as file:
        hand = [case["in"] for case in json.load(file)["cases"]]
    lines = list(dict.fromkeys(hand + PIECES + [f"x {piece} y" for piece in PIECES]))
    lines += [made_up(rng) for _ in range(150)]
    for alphabet in ALPHABETS.values():
        lines += [scrambled(rng, alphabet) for _ in range(12)]
    lines += RARE
    result = {
        "origin": {
            "command": "python tools/golden/ptb.py cases STUDY_JSON reference-data/golden/captions",
            "versions": {"pycocoevalcap": version("pycocoevalcap"), "CoreNLP": "3.4.1", "python": platform.python_version()},
            "tolerance": "equal strings",
            "layout": "caption, tokens after pycocoevalcap's filter; the first `hand_written` are the project's study",
        },
        "hand_written": len(hand),
        "cases": [list(pair) for pair in zip(lines, reference(lines))],
    }
    with open(os.path.join(out, "ptb.json"), "w") as file:
        file.write(json.dumps(result, ensure_ascii=False).replace("], [", "],\n[") + "\n")
    print(len(lines), "cases")


# ---- what the rules were read from -----------------------------------------------------------------


def classes():
    """Groups the characters of the basic plane by what happens to them in short lines."""
    points = [c for c in range(1, 0x10000) if not 0xD800 <= c < 0xE000 and chr(c) not in "\n\r\v\f\x85\u2028\u2029"]
    seen = []
    for frame in ["a %s b", "a%sb", "5%s5"]:
        lines = raw([frame % chr(c) for c in points])
        seen.append([l.rstrip().replace(chr(c), "X").replace(chr(c).lower(), "X").replace("ς", "X") for c, l in zip(points, lines)])
    groups = {}
    for c, alone, inside, number in zip(points, *seen):
        if inside == "aXb" and alone == "a X b":
            kind = "DIGITS" if unicodedata.category(chr(c)) == "Nd" else "LETTERS" if number == "5X5" else "MARKS"
        elif alone == "a X b":
            kind = "SYMBOLS"
        else:
            continue
        ranges = groups.setdefault(kind, [])
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    for kind, ranges in groups.items():
        print(kind, " ".join(f"{a:x}-{b:x}" for a, b in ranges))


def abbreviations():
    for follow in [" a", " A", " 5", ", a"]:
        for length in range(1, 5):
            for case in (str.lower, str.capitalize, str.upper):
                words = [case("".join(t)) for t in itertools.product(string.ascii_lowercase, repeat=length)]
                found = [w for w, l in zip(words, raw([f"{w}.{follow}" for w in words])) if l.startswith(w.lower() + ".")]
                print(repr(follow), len(found), " ".join(found[:500]))


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "cases":
        cases(*rest)
    elif verb == "compare":
        for path in rest[1:]:
            with open(path, encoding="utf-8", newline="\n") as file:
                compare(rest[0], [l.translate(LINE_SEPARATORS) for l in file.read().split("\n") if l], path)
    elif verb == "fuzz":
        sys.exit(1 if fuzz(rest[0], int(rest[1]) if len(rest) > 1 else 5000, int(rest[2]) if len(rest) > 2 else 0) else 0)
    else:
        {"classes": classes, "abbreviations": abbreviations}[verb]()
