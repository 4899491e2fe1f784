//! What can be wrong with one of ARLDM's files.

/// Why an HDF5 file of stories cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoryFileError {
    /// The file cannot be read or written.
    #[error("failed to read or write it: {0}")]
    Io(#[from] std::io::Error),
    /// It is no HDF5 file, a damaged one, or one with features that are not read.
    #[error("it is no HDF5 file of stories: {0}")]
    Format(Box<hdf5_pure::Error>),
    /// The file is shorter than it says.
    #[error("it is cut off: {found} bytes of {wanted}")]
    Truncated {
        /// Bytes that it announces.
        wanted: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A feature of HDF5 that ARLDM's files do not have.
    #[error("it has {what}, which the files of ARLDM have not")]
    Unsupported {
        /// The feature.
        what: &'static str,
    },
    /// There is no group with images.
    #[error("it has no group with a data set `image0`")]
    NoStories,
    /// There is no group of this name.
    #[error("it has no group `{group}`; it has {}", known.join(", "))]
    NoGroup {
        /// What was asked for.
        group: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A group lacks a data set.
    #[error("its group `{group}` has no data set `{dataset}`")]
    NoDataset {
        /// The group.
        group: String,
        /// What was asked for.
        dataset: String,
    },
    /// A data set of images holds something else.
    #[error("`{group}/{dataset}` does not hold byte strings of variable length")]
    WrongType {
        /// The group.
        group: String,
        /// The data set.
        dataset: String,
    },
    /// Data sets of a group have different lengths.
    #[error("the data sets of group `{group}` have {first} and {found} elements")]
    Lengths {
        /// The group.
        group: String,
        /// Length of `image0`.
        first: u64,
        /// Length of another one.
        found: u64,
    },
    /// There is no story with this number.
    #[error("it has {len} stories, none with index {index}")]
    NoSuchStory {
        /// The index, from 0.
        index: u64,
        /// Number of stories.
        len: u64,
    },
    /// A caption is not UTF-8.
    #[error("element {index} of `{name}` is not UTF-8 text")]
    NotText {
        /// The data set.
        name: String,
        /// The element, from 0.
        index: u64,
    },
    /// The heap of the elements is damaged.
    #[error("it is damaged: {what}, at byte {address}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
        /// Where.
        address: u64,
    },
    /// An element is larger than any picture or caption.
    #[error("an element has {found} bytes; more than {limit} are not read")]
    TooLarge {
        /// Its size.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// What is written does not fit the file that was begun.
    #[error(
        "a story of {found_images} images and {found_texts} texts does not fit a file of {images} and {texts}"
    )]
    Misfit {
        /// Images of the story.
        found_images: usize,
        /// Texts of the story.
        found_texts: usize,
        /// Images of every story.
        images: usize,
        /// Texts of every story.
        texts: usize,
    },
}

impl From<hdf5_pure::Error> for StoryFileError {
    fn from(source: hdf5_pure::Error) -> Self {
        Self::Format(Box::new(source))
    }
}

impl From<hdf5_pure::FormatError> for StoryFileError {
    fn from(source: hdf5_pure::FormatError) -> Self {
        hdf5_pure::Error::from(source).into()
    }
}
