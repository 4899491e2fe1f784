//! A picture in SVG: its frame, and text that cannot break it.

use std::fmt::Write;

/// An SVG in the making.
#[derive(Clone, Debug)]
pub struct Svg(String);

impl Svg {
    /// A white page of a size, with a title for programs that read it aloud.
    #[must_use]
    pub fn new([width, height]: [f64; 2], title: &str) -> Self {
        let mut svg = Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#222\">\n"
        ));
        svg.line(&format!("<title>{}</title>", safe(title)));
        svg.line("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        svg
    }

    /// Adds an element as it is: of numbers and constants, not of other people's text.
    pub fn line(&mut self, element: &str) {
        let _ = writeln!(self.0, "{element}");
    }

    /// Adds text whose base line begins at a place.
    pub fn text(&mut self, [x, y]: [f64; 2], style: &str, words: &str) {
        let words = safe(words);
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{words}</text>"
        );
    }

    /// The whole picture.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.line("</svg>");
        self.0
    }
}

fn safe(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // Control characters are not allowed in XML.
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}
