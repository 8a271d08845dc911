"""The Streamlit app: it reads the workspace, and changes nothing in it."""
