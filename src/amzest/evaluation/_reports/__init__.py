"""Tables and plots of comparisons, and rows with doubtful labels."""
