"""The processes of the lab: started so that they cannot outlive it."""
