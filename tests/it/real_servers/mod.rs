//! Servers that no one here wrote, started for the test and ended with it.
