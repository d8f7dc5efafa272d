"""A folder to what its git repository holds. git only reads here, and nothing that comes with the folder decides what it runs."""
