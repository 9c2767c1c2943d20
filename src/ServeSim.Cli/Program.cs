return ServeSim.Cli.SimulatorApp.Run(args);
