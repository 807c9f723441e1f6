"""What visitors see: the page frame, charts and panels. The only room that may import streamlit."""
