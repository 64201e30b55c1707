//! Making a case smaller while something is true of it.

use super::chart_case::Case;

/// How often a condition is tried at most.
const TRIES: usize = 3000;

/// The smallest case found for which the condition still holds.
pub fn shrink(case: &Case, mut holds: impl FnMut(&Case) -> bool) -> Case {
    let mut left = TRIES;
    let mut best = case.clone();
    let mut try_out = |smaller: Case, best: &mut Case| {
        if left == 0 || smaller == *best {
            return false;
        }
        left -= 1;
        let better = holds(&smaller);
        if better {
            *best = smaller;
        }
        better
    };
    loop {
        let before = best.clone();
        let mut i = 0;
        while i < best.files.len() {
            let mut smaller = best.clone();
            smaller.files.remove(i);
            i += usize::from(!try_out(smaller, &mut best));
        }
        i = 0;
        while i < best.values.len() {
            let mut smaller = best.clone();
            smaller.values.remove(i);
            i += usize::from(!try_out(smaller, &mut best));
        }
        for kind in 0..best.set.len() {
            i = 0;
            while i < best.set[kind].len() {
                let mut smaller = best.clone();
                smaller.set[kind].remove(i);
                i += usize::from(!try_out(smaller, &mut best));
            }
        }
        let plain = Case {
            kube_version: String::new(),
            api_versions: Vec::new(),
            is_upgrade: false,
            skip_validation: false,
            ..best.clone()
        };
        try_out(plain, &mut best);
        for text in 0..best.files.len() + best.values.len() {
            for lines in [true, false] {
                shorten(text, lines, &mut best, &mut try_out);
            }
        }
        if best == before {
            return best;
        }
    }
}

/// One of the texts of a case.
fn text_of(case: &mut Case, index: usize) -> &mut Vec<u8> {
    let files = case.files.len();
    if index < files { &mut case.files[index].1 } else { &mut case.values[index - files] }
}

/// Takes out of a text what can be spared: runs of lines or of bytes, long ones first.
fn shorten(text: usize, lines: bool, best: &mut Case, try_out: &mut impl FnMut(Case, &mut Case) -> bool) {
    let pieces = |case: &mut Case| -> Vec<Vec<u8>> {
        let text = text_of(case, text);
        if lines {
            text.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
        } else {
            text.iter().map(|b| vec![*b]).collect()
        }
    };
    let mut length = pieces(best).len();
    while length > 0 {
        let mut at = 0;
        loop {
            let mut all = pieces(best);
            if at >= all.len() {
                break;
            }
            let end = (at + length).min(all.len());
            all.drain(at..end);
            let mut smaller = best.clone();
            *text_of(&mut smaller, text) = all.concat();
            if !try_out(smaller, best) {
                at += length;
            }
        }
        length /= 2;
    }
}
