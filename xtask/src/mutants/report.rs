//! The table of results.

use std::{collections::BTreeMap, fmt};

use super::{table::Fault, trial::Verdict};

/// The results of all faults that were tried.
#[derive(Default)]
pub(crate) struct Report {
    /// The faults and the caught ones, by crate.
    counts: BTreeMap<String, (usize, usize)>,
    survivors: Vec<String>,
}

impl Report {
    /// Adds a result, and prints it.
    pub(crate) fn add(&mut self, fault: &Fault, verdict: &Verdict) {
        let Fault { package, row, .. } = fault;
        let (tried, caught) = self.counts.entry(package.clone()).or_default();
        *tried += 1;
        match verdict {
            Verdict::Survived => {
                self.survivors.push(format!("{package} {}: {}", row.id, row.file));
            }
            _ => *caught += 1,
        }
        match verdict {
            Verdict::Survived => println!("survived  {package} {}", row.id),
            Verdict::TimedOut => println!("caught    {package} {}: by the time limit", row.id),
            Verdict::Caught(test) => println!("caught    {package} {}: {test}", row.id),
        }
    }

    /// Returns the number of faults that no test has noticed.
    pub(crate) fn survivor_count(&self) -> usize {
        self.survivors.len()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| crate | faults | caught | share |\n| --- | --- | --- | --- |")?;
        let mut total = (0, 0);
        for (package, &(tried, caught)) in &self.counts {
            total = (total.0 + tried, total.1 + caught);
            writeln!(f, "| {package} | {tried} | {caught} | {} % |", share(tried, caught))?;
        }
        let (tried, caught) = total;
        writeln!(f, "| all | {tried} | {caught} | {} % |", share(tried, caught))?;
        self.survivors.iter().try_for_each(|survivor| writeln!(f, "survived: {survivor}"))
    }
}

fn share(tried: usize, caught: usize) -> usize {
    caught * 100 / tried.max(1)
}
