//! Lines for people, few of them.

/// What was wrong, each line once, and not more than a few dozen.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    lines: Vec<String>,
    left_out: u64,
}

const MOST: usize = 32;

impl Problems {
    pub(crate) fn add(&mut self, line: impl Into<String>) {
        let line = line.into();
        if self.lines.contains(&line) {
            return;
        }
        if self.lines.len() < MOST {
            self.lines.push(line);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    pub(crate) fn into_lines(mut self) -> Vec<String> {
        if self.left_out > 0 {
            self.lines.push(format!("{} more", self.left_out));
        }
        self.lines
    }
}
