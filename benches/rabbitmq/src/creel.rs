//! Creel's side: a broker held to the same CPUs, loadgen's own runs for the loads, and a plain client for what a run
//! can't do: die in the middle, be read by several, commit and go on.

pub mod broker;
pub mod client;
pub mod crash;
pub mod load;
pub mod order;
