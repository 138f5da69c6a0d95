"""`/campaigns`: what runs, what could be started, and what each brought beside its control group."""
