#!/usr/bin/env bash
# Shows that tables with hostile names survive in every format, with the programs that readers use:
# pdflatex (Debian: texlive-latex-recommended), the Nu HTML checker (npm: vnu-jar, needs Java) and GitHub's
# Markdown parser (PyPI: cmarkgfm, html5lib). Not part of CI, which has none of them.
#
#   tools/tables/check.sh OUT RUN RUN RUN RUN
#
# RUN are four scored run folders with comparable scores. Leaves everything in OUT, pictures of the PDF included.
set -euo pipefail

storyeval=${STORYEVAL:-storyeval}
out=$1
shift
mkdir -p "$out"
labels=(
  --label 'a_b & \input{/etc/passwd} 5% #1 $x$ {~^}'
  --label '<script>alert("x")</script> 🦖 שלום'
  --label '=1+1 | *star* `code` [x](http://y) __a__'
  --label $'new\nline "q" -- ∑ é ñ 中文'
)
for format in latex html md csv json; do
  "$storyeval" table "$@" --format $format "${labels[@]}" > "$out/table.$format"
done
cd "$out"

cat > table.tex <<'TEX'
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs,graphicx}
\usepackage[margin=2cm]{geometry}
\begin{document}
\input{table.latex}
\end{document}
TEX
pdflatex -interaction=nonstopmode -halt-on-error table.tex > pdflatex.log
if grep -q '^Overfull' pdflatex.log; then
  echo "a table is wider than the page"; exit 1
fi
pdftoppm -r 90 -png table.pdf page
echo "LaTeX: compiled, nothing wider than the page"

[ -d node_modules/vnu-jar ] || npm install --silent --prefix . vnu-jar > /dev/null
java -jar node_modules/vnu-jar/build/dist/vnu.jar --errors-only table.html
echo "HTML: valid"

[ -d venv ] || { python3 -m venv venv && venv/bin/pip install --quiet cmarkgfm html5lib; }
venv/bin/python - <<'PY'
import csv
import cmarkgfm
import html5lib

names = [
    r"a_b & \input{/etc/passwd} 5% #1 $x$ {~^}",
    '<script>alert("x")</script> 🦖 שלום',
    "=1+1 | *star* `code` [x](http://y) __a__",
    'new line "q" -- ∑ é ñ 中文',
]


def rows(html):
    page = html5lib.parse(html, namespaceHTMLElements=False)
    assert not list(page.iter("script")), "a script came through"
    return [[["".join(cell.itertext()).strip() for cell in row] for row in table.iter("tr")] for table in page.iter("table")]


for name, html in (
    ("Markdown", cmarkgfm.github_flavored_markdown_to_html(open("table.md").read())),
    ("HTML", open("table.html").read()),
):
    tables = rows(html)
    assert tables, f"{name}: no table"
    for table in tables:
        assert [row[0] for row in table[1:]] == names, (name, table)
        assert len({len(row) for row in table}) == 1, (name, table)
    print(f"{name}: {len(tables)} tables, all names as given")
with open("table.csv", newline="") as file:
    models = {row["model"] for row in csv.DictReader(file)}
print(f"CSV: {len(models)} models")
PY
