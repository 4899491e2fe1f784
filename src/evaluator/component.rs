//! The largest connected part of a mask, and the cells it spans.

/// Cells from `left` to before `right`, and from `top` to before `bottom`; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CellBox {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

impl CellBox {
    fn cell(column: usize, row: usize) -> Self {
        Self {
            left: column,
            top: row,
            right: column + 1,
            bottom: row + 1,
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// The box around the largest part of `mask` (row by row, `columns` a row) whose cells touch by their
/// edges; the first in reading order of two as large ones, `None` where no cell is set.
///
/// Only the largest part counts: a stray cell far away would otherwise make the box of a small figure
/// as large as the frame.
pub(super) fn largest_component(mask: &[bool], columns: usize) -> Option<CellBox> {
    let mut left_over = mask.to_vec();
    let mut best: Option<(usize, CellBox)> = None;
    let mut waiting = Vec::new();
    for start in 0..mask.len() {
        if !std::mem::take(&mut left_over[start]) {
            continue;
        }
        waiting.push(start);
        let mut size = 0;
        let mut around = CellBox::cell(start % columns, start / columns);
        while let Some(at) = waiting.pop() {
            let (column, row) = (at % columns, at / columns);
            size += 1;
            around = around.with(CellBox::cell(column, row));
            let near = [
                (column > 0).then(|| at - 1),
                (column + 1 < columns).then_some(at + 1),
                (row > 0).then(|| at - columns),
                (at + columns < mask.len()).then_some(at + columns),
            ];
            for next in near.into_iter().flatten() {
                if std::mem::take(&mut left_over[next]) {
                    waiting.push(next);
                }
            }
        }
        if best.is_none_or(|(largest, _)| size > largest) {
            best = Some((size, around));
        }
    }
    best.map(|(_, around)| around)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left, top, right, bottom of the box of a drawing.
    fn found(drawing: &[&str]) -> Option<[usize; 4]> {
        let columns = drawing[0].len();
        let mask: Vec<bool> = drawing
            .iter()
            .flat_map(|row| row.bytes().map(|cell| cell == b'#'))
            .collect();
        largest_component(&mask, columns).map(|it| [it.left, it.top, it.right, it.bottom])
    }

    #[test]
    fn the_largest_part_counts_alone() {
        let drawing = [
            "#....", //
            ".....", //
            "..##.", //
            "...#.",
        ];
        assert_eq!(found(&drawing), Some([2, 2, 4, 4]));
    }

    #[test]
    fn corners_do_not_touch_and_rows_do_not_run_on() {
        assert_eq!(found(&["#..", ".##"]), Some([1, 1, 3, 2]));
        // The end of a row is not beside the start of the next one.
        assert_eq!(found(&["..#", "#.."]), Some([2, 0, 3, 1]));
        assert_eq!(found(&[".##", "#.."]), Some([1, 0, 3, 1]));
    }

    #[test]
    fn of_two_as_large_ones_the_first_counts() {
        assert_eq!(found(&["#.#", "#.#"]), Some([0, 0, 1, 2]));
    }

    #[test]
    fn a_bent_part_is_one_part() {
        let drawing = [
            "####.", //
            "...#.", //
            ".###.", //
            ".#...", //
            ".####",
        ];
        assert_eq!(found(&drawing), Some([0, 0, 5, 5]));
    }

    #[test]
    fn nothing_is_nothing_and_everything_is_everything() {
        assert_eq!(found(&["...", "..."]), None);
        assert_eq!(found(&["###", "###"]), Some([0, 0, 3, 2]));
        assert_eq!(found(&["#"]), Some([0, 0, 1, 1]));
        assert_eq!(largest_component(&[], 4), None);
    }
}
