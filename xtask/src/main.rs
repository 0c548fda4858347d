//! Development tasks, run as `cargo xtask`.

#![expect(clippy::print_stdout, reason = "the tasks report on standard output")]

mod soak;
mod bench;
mod conformance;
mod mutants;
mod search;
mod tidy;
mod roundtrip;
mod codegen;
mod schema;
mod test_binary;
mod files;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use crate::files::Mode;

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Xtask {
    /// Run benchmarks and print tables for `BENCHMARKS.md`. Builds the libraries to compare with.
    Bench {
        /// The benchmark to run.
        benchmark: bench::Benchmark,
    },
    /// Regenerate the protocol types from `schema/`.
    Codegen {
        /// Generate only this revision.
        #[arg(long)]
        revision: Option<String>,
        /// Write nothing. Fail if a committed file is stale or a text is missing.
        #[arg(long)]
        check: bool,
    },
    /// Run the official conformance suite against our client. Needs npm.
    Conformance(conformance::Options),
    /// Put faults into a copy of the workspace, and report those that no test notices.
    Mutants(mutants::Options),
    /// Deserialize and serialize published example values, and compare the results.
    Roundtrip {
        /// The folder of a revision, such as `examples/2026-07-28`, with a folder for each
        /// definition.
        examples: PathBuf,
    },
    /// Search for counterexamples: run the property tests with new seeds.
    Search(search::Options),
    /// Import, verify and compare the published schemas.
    #[command(subcommand)]
    Schema(Schema),
    /// Run 200 users on five servers for many minutes. Fails if the client grows, or if users get
    /// the data of others.
    Soak(soak::Options),
    /// Check file headers, the order of modules and plain words.
    Tidy(tidy::Options),
}

#[derive(clap::Subcommand)]
enum Schema {
    /// Write `schema/<revision>/` from a published schema, without its prose.
    Import(Import),
    /// Check that `schema/<revision>/` is the import of a published schema.
    Verify(Import),
    /// Import, generate and compile a schema in a scratch folder, and print what is left to do.
    Try(Import),
    /// Print the differences between two schemas.
    Diff {
        /// A revision, or a path to a schema.
        old: String,
        /// A revision, or a path to a schema.
        new: String,
    },
}

#[derive(clap::Args)]
struct Import {
    /// The path of the published schema.
    published: PathBuf,
    /// The revision of the schema, such as 2025-11-25.
    #[arg(long)]
    revision: String,
}

fn main() -> Result<()> {
    match Xtask::parse() {
        Xtask::Bench { benchmark } => bench::run(benchmark),
        Xtask::Codegen { revision, check } => {
            codegen::run(revision.as_deref(), if check { Mode::Check } else { Mode::Write })
        }
        Xtask::Conformance(options) => conformance::run(&options),
        Xtask::Mutants(options) => mutants::run(&options),
        Xtask::Search(options) => search::run(&options),
        Xtask::Roundtrip { examples } => roundtrip::run(&examples),
        Xtask::Schema(Schema::Import(Import { published, revision })) => {
            schema::import(&published, &revision, Mode::Write)
        }
        Xtask::Schema(Schema::Verify(Import { published, revision })) => {
            schema::import(&published, &revision, Mode::Check)
        }
        Xtask::Schema(Schema::Try(Import { published, revision })) => {
            codegen::try_schema(&published, &revision)
        }
        Xtask::Schema(Schema::Diff { old, new }) => {
            let (old, new) = (schema::load(&old)?, schema::load(&new)?);
            print!("{}", schema::diff(&old, &new)?);
            Ok(())
        }
        Xtask::Soak(options) => soak::run(&options),
        Xtask::Tidy(options) => tidy::run(&options),
    }
}
