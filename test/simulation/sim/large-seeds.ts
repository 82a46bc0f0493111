// Seeds of a kind of their own: results are large, calls many, and the one host stops reading, so that what it is answered
// with comes to lie with the supervisor.

export const firstLargeSeed = 3_000_000;

export const largestResultBytes = 90_000;
