from karibu.config.cli import main

main()
