//! Intervals: the story-clustered bootstrap. Seeded; knows clusters, not stories.
