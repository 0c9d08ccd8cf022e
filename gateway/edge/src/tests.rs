//! Tests of the whole edge over a cluster in memory.
