namespace ServeSim.CostModels.Calibration;

/// <summary>How constants came to a device.</summary>
public enum ConstantOrigin
{
    /// <summary>Fitted to measurements of the device itself.</summary>
    Measured,

    /// <summary>Those of a device of the same family; rates from the data sheet.</summary>
    Sibling,

    /// <summary>Medians over all measured devices.</summary>
    AnyOther,
}
