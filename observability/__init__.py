"""What a process tells of itself: logs, figures, traces. A leaf: it knows nothing else of ours."""
