//! Shapes with an ink outline, in a local coordinate system.

use tiny_skia::{FillRule, LineCap, LineJoin, Paint, PathBuilder, Pixmap, Rect, Stroke, Transform};

/// An opaque colour, sRGB.
pub(super) type Ink = [u8; 3];

/// The outline colour of the world.
pub(super) const OUTLINE: Ink = [44, 36, 52];

/// Draws into a pixmap under a translation, a scale and an optional mirror.
pub(super) struct Pen<'a> {
    pixmap: &'a mut Pixmap,
    transform: Transform,
    outline: f32,
}

/// Mixes two colours; 0 gives the first.
pub(super) fn mix(from: Ink, to: Ink, share: f32) -> Ink {
    let channel = |index: usize| {
        let (a, b) = (f32::from(from[index]), f32::from(to[index]));
        (a + (b - a) * share + 0.5) as u8
    };
    [channel(0), channel(1), channel(2)]
}

fn paint(ink: Ink) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(ink[0], ink[1], ink[2], 255);
    paint.anti_alias = true;
    paint
}

impl<'a> Pen<'a> {
    /// A pen whose units are pixels.
    pub(super) fn new(pixmap: &'a mut Pixmap) -> Self {
        Self {
            pixmap,
            transform: Transform::identity(),
            outline: 1.3,
        }
    }

    /// A pen with its origin at (x, y), scaled, and mirrored left to right when asked.
    pub(super) fn at(&mut self, x: f32, y: f32, scale: f32, mirrored: bool) -> Pen<'_> {
        let across = if mirrored { -scale } else { scale };
        let local = Transform::from_row(across, 0.0, 0.0, scale, x, y);
        Pen {
            pixmap: self.pixmap,
            transform: self.transform.pre_concat(local),
            outline: self.outline / scale,
        }
    }

    /// Fills a whole canvas area without outline.
    pub(super) fn wash(&mut self, left: f32, top: f32, width: f32, height: f32, ink: Ink) {
        if let Some(rect) = Rect::from_xywh(left, top, width, height) {
            self.pixmap
                .fill_rect(rect, &paint(ink), self.transform, None);
        }
    }

    fn shape(&mut self, path: Option<tiny_skia::Path>, ink: Ink, outlined: bool) {
        let Some(path) = path else { return };
        self.pixmap
            .fill_path(&path, &paint(ink), FillRule::Winding, self.transform, None);
        if outlined {
            let stroke = Stroke {
                width: self.outline,
                line_join: LineJoin::Round,
                ..Stroke::default()
            };
            self.pixmap
                .stroke_path(&path, &paint(OUTLINE), &stroke, self.transform, None);
        }
    }

    /// An outlined ellipse around (x, y).
    pub(super) fn oval(&mut self, x: f32, y: f32, rx: f32, ry: f32, ink: Ink) {
        self.shape(oval_path(x, y, rx, ry), ink, true);
    }

    /// An ellipse without outline.
    pub(super) fn blob(&mut self, x: f32, y: f32, rx: f32, ry: f32, ink: Ink) {
        self.shape(oval_path(x, y, rx, ry), ink, false);
    }

    /// An outlined rectangle.
    pub(super) fn block(&mut self, left: f32, top: f32, width: f32, height: f32, ink: Ink) {
        self.shape(
            Rect::from_xywh(left, top, width, height).map(PathBuilder::from_rect),
            ink,
            true,
        );
    }

    /// An outlined polygon.
    pub(super) fn poly(&mut self, corners: &[(f32, f32)], ink: Ink) {
        self.shape(poly_path(corners, true), ink, true);
    }

    /// A polygon without outline.
    pub(super) fn patch(&mut self, corners: &[(f32, f32)], ink: Ink) {
        self.shape(poly_path(corners, true), ink, false);
    }

    /// A round-capped line through the points, without outline.
    pub(super) fn line(&mut self, points: &[(f32, f32)], width: f32, ink: Ink) {
        let Some(path) = poly_path(points, false) else {
            return;
        };
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        self.pixmap
            .stroke_path(&path, &paint(ink), &stroke, self.transform, None);
    }

    /// A round-capped line with an outline: an arm, a leg, a pole.
    pub(super) fn limb(&mut self, points: &[(f32, f32)], width: f32, ink: Ink) {
        self.line(points, width + 2.0 * self.outline, OUTLINE);
        self.line(points, width, ink);
    }

    /// A smile (or, upside down, a frown) through three points.
    pub(super) fn curve(
        &mut self,
        from: (f32, f32),
        bend: (f32, f32),
        to: (f32, f32),
        width: f32,
        ink: Ink,
    ) {
        let mut builder = PathBuilder::new();
        builder.move_to(from.0, from.1);
        builder.quad_to(bend.0, bend.1, to.0, to.1);
        let Some(path) = builder.finish() else { return };
        let stroke = Stroke {
            width,
            line_cap: LineCap::Round,
            ..Stroke::default()
        };
        self.pixmap
            .stroke_path(&path, &paint(ink), &stroke, self.transform, None);
    }
}

fn oval_path(x: f32, y: f32, rx: f32, ry: f32) -> Option<tiny_skia::Path> {
    Rect::from_xywh(x - rx, y - ry, 2.0 * rx, 2.0 * ry).and_then(PathBuilder::from_oval)
}

fn poly_path(points: &[(f32, f32)], closed: bool) -> Option<tiny_skia::Path> {
    let (first, rest) = points.split_first()?;
    let mut builder = PathBuilder::new();
    builder.move_to(first.0, first.1);
    for point in rest {
        builder.line_to(point.0, point.1);
    }
    if closed {
        builder.close();
    }
    builder.finish()
}
